#include "lmdb_env.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/stat.h>
#endif

namespace bloscache {

namespace {

MDB_val ValueOf(std::span<const std::uint8_t> bytes) {
  // LMDB takes values to write by a pointer to mutable memory, and does not write to it.
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

// Whether the file that the environment has open is still the one in `folder`: the folder may have
// been deleted, and made anew by somebody else.
bool IsCurrent(MDB_env* env, const std::string& folder) {
#if defined(__unix__) || defined(__APPLE__)
  int fd = -1;
  struct stat open_file;
  struct stat named_file;
  if (mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &open_file) != 0) return false;
  if (stat((folder + "/data.mdb").c_str(), &named_file) != 0) return false;
  return open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
#else
  return true;  // a file that is open cannot be deleted
#endif
}

int OpenRows(MDB_env* env, MDB_dbi* rows) {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env, nullptr, 0, &txn); code != 0) return code;
  if (const int code = mdb_dbi_open(txn, nullptr, 0, rows); code != 0) {
    mdb_txn_abort(txn);
    return code;
  }
  return mdb_txn_commit(txn);
}

int OpenEnv(const std::string& folder, const LmdbOptions& options, MDB_env* env, MDB_dbi* rows) {
  // No thread owns a read transaction, so that one may end on another thread than it began on.
  const unsigned int flags = MDB_NOTLS | (options.sync ? 0u : MDB_NOSYNC);
  if (const int code = mdb_env_set_mapsize(env, options.map_size); code != 0) return code;
  if (const int code = mdb_env_set_maxreaders(env, options.max_readers); code != 0) return code;
  if (const int code = mdb_env_open(env, folder.c_str(), flags, 0600); code != 0) return code;
  int dead = 0;
  if (const int code = mdb_reader_check(env, &dead); code != 0) return code;
  return OpenRows(env, rows);
}

struct Step {
  StepKind kind = StepKind::kBegin;
  std::span<const std::uint8_t> key;
  std::span<const std::uint8_t> row;
};

// Takes the first step off a batch; false when it does not lie in it.
bool TakeStep(std::span<const std::uint8_t>* batch, Step* step) {
  std::uint32_t head[3];
  if (batch->size() < sizeof(head)) return false;
  std::memcpy(head, batch->data(), sizeof(head));
  const std::size_t key_size = head[1];
  const std::size_t row_size = head[2];
  const auto body = batch->subspan(sizeof(head));
  if (key_size > body.size() || row_size > body.size() - key_size) return false;
  *step = {static_cast<StepKind>(head[0]), body.first(key_size), body.subspan(key_size, row_size)};
  *batch = body.subspan(key_size + row_size);
  return true;
}

bool IsSame(const MDB_val& value, std::span<const std::uint8_t> bytes) {
  return value.mv_size == bytes.size() &&
         (bytes.empty() || std::memcmp(value.mv_data, bytes.data(), bytes.size()) == 0);
}

int Expect(MDB_txn* txn, MDB_dbi rows, const Step& step, bool* is_met) {
  MDB_val key = ValueOf(step.key);
  MDB_val row = {};
  const int code = mdb_get(txn, rows, &key, &row);
  if (code != 0 && code != MDB_NOTFOUND) return code;
  const bool is_there = code == 0;
  *is_met = step.kind == StepKind::kExpect ? is_there && IsSame(row, step.row) : !is_there;
  return 0;
}

int Add(MDB_txn* txn, MDB_dbi rows, const Step& step) {
  double sums[8] = {};
  double addends[8] = {};
  const std::size_t size = step.row.size();
  if (size > sizeof(sums) || size % sizeof(double) != 0) return EINVAL;
  MDB_val key = ValueOf(step.key);
  MDB_val row = {};
  const int code = mdb_get(txn, rows, &key, &row);
  if (code != 0 && code != MDB_NOTFOUND) return code;
  // A row of another size is none of ours: damage, which counting anew gets rid of.
  if (code == 0 && row.mv_size == size) std::memcpy(sums, row.mv_data, size);
  if (size > 0) std::memcpy(addends, step.row.data(), size);
  for (std::size_t i = 0; i < size / sizeof(double); i++) sums[i] += addends[i];
  row = {size, sums};
  return mdb_put(txn, rows, &key, &row, 0);
}

// Does what a step says. Sets *is_met to false where it is an expectation that is not met.
int Take(MDB_txn* txn, MDB_dbi rows, const Step& step, bool* is_met) {
  MDB_val key = ValueOf(step.key);
  MDB_val row = ValueOf(step.row);
  switch (step.kind) {
    case StepKind::kExpect:
    case StepKind::kExpectAbsent:
      return Expect(txn, rows, step, is_met);
    case StepKind::kPut:
      if (row.mv_size > kMaxRowSize) return MDB_BAD_VALSIZE;
      return mdb_put(txn, rows, &key, &row, 0);
    case StepKind::kDelete: {
      const int code = mdb_del(txn, rows, &key, nullptr);
      return code == MDB_NOTFOUND ? 0 : code;
    }
    case StepKind::kAdd:
      return Add(txn, rows, step);
    default:
      return EINVAL;
  }
}

}  // namespace

int LmdbEnv::Open(const std::string& folder, const LmdbOptions& options, LmdbEnv** env) {
  // Leaked, as are the environments: threads may still be reading while statics are destroyed.
  static std::mutex& mutex = *new std::mutex;
  static std::map<std::string, LmdbEnv*>& opened = *new std::map<std::string, LmdbEnv*>;
  const std::lock_guard lock(mutex);
  if (const auto known = opened.find(folder); known != opened.end()) {
    *env = known->second;
    if (IsCurrent((*env)->env_, folder)) return 0;
  }
  MDB_env* created = nullptr;
  if (const int code = mdb_env_create(&created); code != 0) return code;
  MDB_dbi rows = 0;
  if (const int code = OpenEnv(folder, options, created, &rows); code != 0) {
    mdb_env_close(created);
    return code;
  }
  *env = opened[folder] = new LmdbEnv(created, rows);
  return 0;
}

int LmdbEnv::Write(std::span<const std::uint8_t> batch, std::span<std::uint8_t> made) {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn); code != 0) return code;
  if (const int code = Apply(txn, batch, made); code != 0) {
    mdb_txn_abort(txn);
    return code;
  }
  return mdb_txn_commit(txn);
}

int LmdbEnv::Apply(MDB_txn* txn, std::span<const std::uint8_t> batch,
                   std::span<std::uint8_t> made) {
  std::size_t changes = 0;
  while (!batch.empty()) {
    Step step;
    if (!TakeStep(&batch, &step)) return EINVAL;
    if (step.kind == StepKind::kBegin) {
      if (changes == made.size()) return EINVAL;
      made[changes++] = 1;
      continue;
    }
    if (changes == 0) return EINVAL;
    std::uint8_t& is_made = made[changes - 1];
    if (is_made == 0) continue;
    bool is_met = true;
    if (const int code = Take(txn, rows_, step, &is_met); code != 0) return code;
    if (!is_met) is_made = 0;
  }
  return 0;
}

LmdbReader::~LmdbReader() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

int LmdbReader::Begin() {
  if (txn_ != nullptr) return mdb_txn_renew(txn_);
  const int code = mdb_txn_begin(env_->env_, nullptr, MDB_RDONLY, &txn_);
  if (code != MDB_READERS_FULL) return code;
  // Killed processes leave their slots.
  int dead = 0;
  if (const int check = mdb_reader_check(env_->env_, &dead); check != 0) return check;
  return mdb_txn_begin(env_->env_, nullptr, MDB_RDONLY, &txn_);
}

int LmdbReader::Get(std::span<const std::uint8_t> key, std::span<std::uint8_t> target,
                    std::size_t* size) {
  if (const int code = Begin(); code != 0) return code;
  MDB_val name = ValueOf(key);
  MDB_val row = {};
  int code = mdb_get(txn_, env_->rows_, &name, &row);
  if (code == 0 && row.mv_size > kMaxRowSize) code = MDB_CORRUPTED;
  if (code == 0) {
    *size = row.mv_size;
    if (row.mv_size <= target.size()) std::memcpy(target.data(), row.mv_data, row.mv_size);
  }
  mdb_txn_reset(txn_);
  return code;
}

int LmdbReader::Scan(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> after,
                     std::span<std::uint8_t> target, std::size_t* size) {
  *size = 0;
  if (const int code = Begin(); code != 0) return code;
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(txn_, env_->rows_, &cursor);
  if (code == 0) {
    code = CopyRows(cursor, prefix, after, target, size);
    mdb_cursor_close(cursor);
  }
  mdb_txn_reset(txn_);
  return code == MDB_NOTFOUND ? 0 : code;
}

int LmdbReader::CopyRows(MDB_cursor* cursor, std::span<const std::uint8_t> prefix,
                         std::span<const std::uint8_t> after, std::span<std::uint8_t> target,
                         std::size_t* size) {
  MDB_val key = ValueOf(after.empty() ? prefix : after);
  MDB_val row = {};
  // LMDB refuses to look for a key of no bytes.
  int code = mdb_cursor_get(cursor, &key, &row, key.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE);
  if (code == 0 && !after.empty() && key.mv_size == after.size() &&
      std::memcmp(key.mv_data, after.data(), after.size()) == 0) {
    code = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
  }
  for (; code == 0; code = mdb_cursor_get(cursor, &key, &row, MDB_NEXT)) {
    if (key.mv_size < prefix.size()) return 0;
    if (std::memcmp(key.mv_data, prefix.data(), prefix.size()) != 0) return 0;
    if (row.mv_size > kMaxRowSize) return MDB_CORRUPTED;
    const std::uint32_t sizes[] = {static_cast<std::uint32_t>(key.mv_size),
                                   static_cast<std::uint32_t>(row.mv_size)};
    const std::size_t needed = sizeof(sizes) + key.mv_size + row.mv_size;
    if (needed > target.size() - *size) {
      if (*size == 0) *size = needed;
      return 0;
    }
    std::uint8_t* const to = target.data() + *size;
    std::memcpy(to, sizes, sizeof(sizes));
    std::memcpy(to + sizeof(sizes), key.mv_data, key.mv_size);
    std::memcpy(to + sizeof(sizes) + key.mv_size, row.mv_data, row.mv_size);
    *size += needed;
  }
  return code;
}

}  // namespace bloscache
