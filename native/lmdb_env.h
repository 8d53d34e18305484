// An LMDB environment, as far as an index needs one: get, scan and write in one unnamed database,
// each in a transaction of its own.
//
// The whole transaction is one call, because JavaScript may be stopped between any two of its
// instructions (worker.terminate()), and a transaction that was begun and never ended would stop
// every writer of every process. No Node-API here.

#ifndef BLOSCACHE_LMDB_ENV_H_
#define BLOSCACHE_LMDB_ENV_H_

#include <lmdb.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "lmdb_far_pages.h"

namespace bloscache {

class LmdbTree;

// Rows are far smaller. One that claims to be larger is damaged, and its bytes may not be there.
inline constexpr std::size_t kMaxRowSize = std::size_t{16} << 20;

struct LmdbOptions {
  std::size_t map_size = 0;
  unsigned int max_readers = 0;
  std::size_t near_size = 0;  // of a file that is read through the map, at most
  bool sync = true;           // whether a commit waits for the disk
};

// What a step of LmdbEnv::Write() does with its key.
enum class StepKind : std::uint32_t {
  kBegin = 0,         // nothing: begins a change
  kExpect = 1,        // expects that its row is the one given
  kExpectAbsent = 2,  // expects that it has no row
  kPut = 3,           // stores the row, or replaces it
  kDelete = 4,        // removes its row, if there is one
  kAdd = 5,  // adds the row's numbers, 64-bit floating point, to those of its row, or to zero
};

// All methods return 0, an errno value or an MDB_* value. Any thread.
class LmdbEnv {
 public:
  // The environment in `folder`, which is opened once per process and never closed: LMDB forbids
  // two of the same file in one process. When the file in the folder has become another one, that
  // is opened. `options` count where a file is opened.
  // REQUIRES: `folder` exists; it is given by one and the same path always.
  static int Open(const std::string& folder, const LmdbOptions& options, LmdbEnv** env);

  // Whether the file that is open is still the one in the folder: that may have been deleted, and
  // made anew by somebody else. Where the system does not say, nothing speaks against it.
  bool IsCurrent() const;

  // Makes changes, all in one transaction; waits while another thread or process writes. `batch` is
  // a sequence of steps: a StepKind, the sizes of key and row, 32 bits each in the machine's order,
  // the key and the row. Steps belong to the change that the last kBegin began; a change of which
  // an expectation is not met is not made, and the others are. Sets made[n] to whether the n-th
  // was. EINVAL for a batch of another form, or with more changes than `made` has room for;
  // MDB_BAD_VALSIZE for a row above kMaxRowSize; MDB_CORRUPTED where what LMDB would walk through
  // is damaged; then nothing is changed. REQUIRES: expectations stand before the other steps of
  // their change.
  int Write(std::span<const std::uint8_t> batch, std::span<std::uint8_t> made);

  // Held by the thread that makes a write which others may make as well (lmdb_write.h): so they are
  // made in the order in which they were begun.
  std::mutex* write_turn() { return &write_turn_; }

 private:
  friend class LmdbReader;

  LmdbEnv(MDB_env* env, MDB_dbi rows, const std::string& folder, std::uint64_t near_size)
      : env_(env), rows_(rows), data_file_(folder + "/data.mdb"), near_size_(near_size) {}

  int CheckBeforeWrite(MDB_txn* txn);
  int Apply(MDB_txn* txn, std::span<const std::uint8_t> batch, std::span<std::uint8_t> made);

  MDB_env* const env_;
  const MDB_dbi rows_;
  const std::string data_file_;
  const std::uint64_t near_size_;
  std::atomic<std::uint64_t> file_size_ = 0;  // as far as known: it only grows
  bool is_free_list_checked_ = false;         // under LMDB's lock of writers
  std::mutex write_turn_;
};

// Reads an environment. For one thread; holds one of the environment's reader slots.
class LmdbReader {
 public:
  explicit LmdbReader(LmdbEnv* env) : env_(env), far_(env->near_size_) {}
  LmdbReader(const LmdbReader&) = delete;
  LmdbReader& operator=(const LmdbReader&) = delete;
  ~LmdbReader();

  // Sets *size to the row's and, if it fits, copies the row to the start of `target`.
  // MDB_NOTFOUND if there is no such row; MDB_CORRUPTED if the file is damaged where it is looked
  // for, or the row claims to be above kMaxRowSize.
  int Get(std::span<const std::uint8_t> key, std::span<std::uint8_t> target, std::size_t* size);

  // Copies rows whose keys begin with `prefix`, in the order of their keys, to `target`: those
  // behind `after`, or all where that is empty, as many as there is room for. Each is the sizes of
  // key and row, 32 bits each in the machine's order, the key and the row.
  // Sets *size to the bytes used, 0 when there are no more rows; and when not even the first one
  // fits, to what that takes. Codes as of Get().
  int Scan(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> after,
           std::span<std::uint8_t> target, std::size_t* size);

 private:
  int Begin();
  int CopyRows(LmdbTree* tree, std::span<const std::uint8_t> prefix,
               std::span<const std::uint8_t> after, std::span<std::uint8_t> target,
               std::size_t* size);

  LmdbEnv* const env_;
  LmdbFarPages far_;
  MDB_txn* txn_ = nullptr;  // reset between calls: a snapshot that stays keeps pages from reuse
};

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_ENV_H_
