#include "lmdb_write.h"

namespace bloscache {

int LmdbWrite::Finish() {
  const std::lock_guard lock(*env_->write_turn());
  if (is_done_) return code_;
  is_done_ = true;
  code_ = env_->Write(batch_, made_);
  batch_ = {};  // not to be kept until the last who may ask for the outcome is gone
  return code_;
}

bool LmdbWrites::Add(const std::shared_ptr<LmdbWrite>& write) {
  const std::lock_guard lock(mutex_);
  if (is_closed_ || writes_.size() == kMost) return false;
  writes_.push_back(write);
  return true;
}

void LmdbWrites::RunAll() {
  if (const auto before = Before()) before->RunAll();
  for (std::size_t n = 0; const auto write = Next(n); n++) write->Finish();
  const std::lock_guard lock(mutex_);
  before_ = nullptr;
}

std::shared_ptr<LmdbWrites> LmdbWrites::Before() {
  const std::lock_guard lock(mutex_);
  return before_;
}

// The n-th write; none behind the last, and then none can be added any more.
std::shared_ptr<LmdbWrite> LmdbWrites::Next(std::size_t n) {
  const std::lock_guard lock(mutex_);
  is_closed_ = n == writes_.size();
  return is_closed_ ? nullptr : writes_[n];
}

}  // namespace bloscache
