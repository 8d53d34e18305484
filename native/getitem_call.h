// getItems() and getItemsAsync() of the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_GETITEM_CALL_H_
#define BLOSCACHE_GETITEM_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value GetItems(const Napi::CallbackInfo& info);
Napi::Value GetItemsAsync(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_GETITEM_CALL_H_
