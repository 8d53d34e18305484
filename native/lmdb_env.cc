#include "lmdb_env.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/stat.h>
#endif

#include "lmdb_free_list.h"
#include "lmdb_tree.h"

namespace bloscache {

namespace {

MDB_val ValueOf(std::span<const std::uint8_t> bytes) {
  // LMDB takes values to write by a pointer to mutable memory, and does not write to it.
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
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

// A write transaction of an environment. Before each step what LMDB will read is checked, as the
// steps before have left it.
struct WriteTxn {
  MDB_txn* txn = nullptr;
  MDB_dbi rows = 0;
  std::atomic<std::uint64_t>* file_size = nullptr;
  SoundPages* sound = nullptr;

  int Get(std::span<const std::uint8_t> key, std::span<const std::uint8_t>* row) const {
    return LmdbTree(txn, file_size, sound).Get(key, row);
  }

  int Put(std::span<const std::uint8_t> key, std::span<const std::uint8_t> row) const {
    if (row.size() > kMaxRowSize) return MDB_BAD_VALSIZE;
    if (const int code = LmdbTree(txn, file_size, sound).CheckPut(key); code != 0) return code;
    MDB_val name = ValueOf(key);
    MDB_val value = ValueOf(row);
    return mdb_put(txn, rows, &name, &value, 0);
  }

  int Delete(std::span<const std::uint8_t> key) const {
    if (const int code = LmdbTree(txn, file_size, sound).CheckDelete(key); code != 0) return code;
    MDB_val name = ValueOf(key);
    const int code = mdb_del(txn, rows, &name, nullptr);
    return code == MDB_NOTFOUND ? 0 : code;
  }
};

int Expect(const WriteTxn& txn, const Step& step, bool* is_met) {
  std::span<const std::uint8_t> row;
  const int code = txn.Get(step.key, &row);
  if (code != 0 && code != MDB_NOTFOUND) return code;
  const bool is_there = code == 0;
  const bool is_same = is_there && std::ranges::equal(row, step.row);
  *is_met = step.kind == StepKind::kExpect ? is_same : !is_there;
  return 0;
}

int Add(const WriteTxn& txn, const Step& step) {
  double sums[8] = {};
  double addends[8] = {};
  const std::size_t size = step.row.size();
  if (size > sizeof(sums) || size % sizeof(double) != 0) return EINVAL;
  std::span<const std::uint8_t> row;
  const int code = txn.Get(step.key, &row);
  if (code != 0 && code != MDB_NOTFOUND) return code;
  // A row of another size is none of ours: damage, which counting anew gets rid of.
  if (code == 0 && row.size() == size && size > 0) std::memcpy(sums, row.data(), size);
  if (size > 0) std::memcpy(addends, step.row.data(), size);
  for (std::size_t i = 0; i < size / sizeof(double); i++) sums[i] += addends[i];
  return txn.Put(step.key, {reinterpret_cast<const std::uint8_t*>(sums), size});
}

// Does what a step says. Sets *is_met to false where it is an expectation that is not met.
int Take(const WriteTxn& txn, const Step& step, bool* is_met) {
  switch (step.kind) {
    case StepKind::kExpect:
    case StepKind::kExpectAbsent:
      return Expect(txn, step, is_met);
    case StepKind::kPut:
      return txn.Put(step.key, step.row);
    case StepKind::kDelete:
      return txn.Delete(step.key);
    case StepKind::kAdd:
      return Add(txn, step);
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
    if ((*env)->IsCurrent()) return 0;
  }
  MDB_env* created = nullptr;
  if (const int code = mdb_env_create(&created); code != 0) return code;
  MDB_dbi rows = 0;
  if (const int code = OpenEnv(folder, options, created, &rows); code != 0) {
    mdb_env_close(created);
    return code;
  }
  *env = opened[folder] = new LmdbEnv(created, rows, folder, options.near_size);
  return 0;
}

bool LmdbEnv::IsCurrent() const {
#if defined(__unix__) || defined(__APPLE__)
  int fd = -1;
  struct stat open_file;
  struct stat named_file;
  if (mdb_env_get_fd(env_, &fd) != 0 || fstat(fd, &open_file) != 0) return true;
  if (stat(data_file_.c_str(), &named_file) != 0) return errno != ENOENT && errno != ENOTDIR;
  return open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
#else
  return true;  // a file that is open cannot be deleted
#endif
}

int LmdbEnv::Write(std::span<const std::uint8_t> batch, std::span<std::uint8_t> made) {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn); code != 0) return code;
  int code = 0;
  try {
    code = CheckBeforeWrite(txn);
    if (code == 0) code = Apply(txn, batch, made);
  } catch (const std::bad_alloc&) {
    code = ENOMEM;
  }
  if (code == 0) code = BloscacheFillFile(txn);
  if (code != 0) {
    mdb_txn_abort(txn);
    return code;
  }
  return mdb_txn_commit(txn);
}

int LmdbEnv::CheckBeforeWrite(MDB_txn* txn) {
  if (const int code = LmdbPages(txn, &file_size_).CheckCount(); code != 0) return code;
  if (is_free_list_checked_) return 0;
  const int code = CheckFreeList(txn, &file_size_);
  is_free_list_checked_ = code == 0;
  return code;
}

int LmdbEnv::Apply(MDB_txn* txn, std::span<const std::uint8_t> batch,
                   std::span<std::uint8_t> made) {
  SoundPages sound;
  const WriteTxn write = {txn, rows_, &file_size_, &sound};
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
    if (const int code = Take(write, step, &is_met); code != 0) return code;
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
  std::span<const std::uint8_t> row;
  int code = LmdbTree(txn_, &env_->file_size_, &far_).Get(key, &row);
  if (code == 0 && row.size() > kMaxRowSize) code = MDB_CORRUPTED;
  if (code == 0) {
    *size = row.size();
    if (row.size() <= target.size()) std::ranges::copy(row, target.begin());
  }
  mdb_txn_reset(txn_);
  return code;
}

int LmdbReader::Scan(std::span<const std::uint8_t> prefix, std::span<const std::uint8_t> after,
                     std::span<std::uint8_t> target, std::size_t* size) {
  *size = 0;
  if (const int code = Begin(); code != 0) return code;
  LmdbTree tree(txn_, &env_->file_size_, &far_);
  const int code = CopyRows(&tree, prefix, after, target, size);
  mdb_txn_reset(txn_);
  return code == MDB_NOTFOUND ? 0 : code;
}

int LmdbReader::CopyRows(LmdbTree* tree, std::span<const std::uint8_t> prefix,
                         std::span<const std::uint8_t> after, std::span<std::uint8_t> target,
                         std::size_t* size) {
  int code = tree->Seek(after.empty() ? prefix : after);
  if (code == 0 && !after.empty() && std::ranges::equal(tree->key(), after)) code = tree->Next();
  for (; code == 0; code = tree->Next()) {
    const auto key = tree->key();
    if (key.size() < prefix.size()) return 0;
    if (!std::ranges::equal(key.first(prefix.size()), prefix)) return 0;
    std::span<const std::uint8_t> row;
    if (const int read = tree->Row(&row); read != 0) return read;
    if (row.size() > kMaxRowSize) return MDB_CORRUPTED;
    const std::uint32_t sizes[] = {static_cast<std::uint32_t>(key.size()),
                                   static_cast<std::uint32_t>(row.size())};
    const std::size_t needed = sizeof(sizes) + key.size() + row.size();
    if (needed > target.size() - *size) {
      if (*size == 0) *size = needed;
      return 0;
    }
    const auto to = target.subspan(*size, needed);
    std::memcpy(to.data(), sizes, sizeof(sizes));
    std::ranges::copy(key, to.begin() + sizeof(sizes));
    std::ranges::copy(row, to.begin() + static_cast<std::ptrdiff_t>(sizeof(sizes) + key.size()));
    *size += needed;
  }
  return code;
}

}  // namespace bloscache
