// source_lmdb.cpp: pictures in an LMDB database, as LSUN comes: key -> encoded file.
//
// Read-only and without locks, so that it works on file systems that cannot be written. Only keys
// are held in memory; the library maps the file, whose length is therefore checked first.
#include <lmdb.h>

#include <memory>
#include <string>
#include <vector>

#include "data/shown.h"
#include "data/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

struct EnvironmentClose {
  void operator()(MDB_env* env) const { mdb_env_close(env); }
};
using Environment = std::unique_ptr<MDB_env, EnvironmentClose>;

struct TransactionAbort {
  void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};
using Transaction = std::unique_ptr<MDB_txn, TransactionAbort>;

struct CursorClose {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CursorClose>;

class LmdbSource : public ImageSource {
 public:
  explicit LmdbSource(const fs::path& folder) : folder_(folder) {
    open();
    check_length();
    const Transaction txn = begin();
    check(mdb_dbi_open(txn.get(), nullptr, 0, &database_));
    MDB_cursor* raw = nullptr;
    check(mdb_cursor_open(txn.get(), database_, &raw));
    const Cursor cursor(raw);
    MDB_val key, value;
    int status = 0;
    while ((status = mdb_cursor_get(raw, &key, &value, MDB_NEXT)) == 0) {
      keys_.emplace_back(static_cast<const char*>(key.mv_data), key.mv_size);
    }
    if (status != MDB_NOTFOUND) check(status);
    PG_CHECK(!keys_.empty(), FormatError, folder.string(),
             " is an LMDB database without entries; give one of pictures");
  }

  int64_t count() const override { return static_cast<int64_t>(keys_.size()); }

  Image load(int64_t i) const override {
    const Transaction txn = begin();
    const std::string& text = keys_[static_cast<size_t>(i)];
    MDB_val key{text.size(), const_cast<char*>(text.data())}, value;
    check(mdb_get(txn.get(), database_, &key, &value));
    return decode_image({static_cast<const uint8_t*>(value.mv_data), value.mv_size}, name(i));
  }

  std::string name(int64_t i) const override { return shown(keys_[static_cast<size_t>(i)]); }
  int32_t label(int64_t) const override { return 0; }
  std::vector<std::string> label_names() const override { return {}; }
  int64_t default_channels() const override { return 3; }
  std::string fingerprint() const override {
    return message("lmdb ", file_stamp(folder_ / "data.mdb"));
  }

 private:
  void check(int status) const {
    PG_CHECK(status == 0, FormatError, folder_.string(),
             " cannot be read as an LMDB database: ", mdb_strerror(status),
             "; download or unpack it again");
  }

  void open() {
    MDB_env* env = nullptr;
    check(mdb_env_create(&env));
    environment_.reset(env);
    // Readers of other threads, each with a transaction of its own.
    check(mdb_env_open(env, folder_.c_str(), MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0));
  }

  // A page behind the end of a mapped file would end the program.
  void check_length() const {
    MDB_envinfo info;
    MDB_stat stat;
    check(mdb_env_info(environment_.get(), &info));
    check(mdb_env_stat(environment_.get(), &stat));
    const uint64_t needed = (info.me_last_pgno + 1) * uint64_t{stat.ms_psize};
    const uint64_t have = fs::file_size(folder_ / "data.mdb");
    PG_CHECK(have >= needed, FormatError, (folder_ / "data.mdb").string(), " has ", have,
             " bytes of ", needed, ", so it is not whole; download or unpack it again");
  }

  Transaction begin() const {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &txn));
    return Transaction(txn);
  }

  fs::path folder_;
  Environment environment_;
  MDB_dbi database_ = 0;
  std::vector<std::string> keys_;
};

}  // namespace

bool is_lmdb(const fs::path& folder) { return fs::is_regular_file(folder / "data.mdb"); }

std::unique_ptr<ImageSource> open_lmdb_source(const fs::path& folder) {
  return std::make_unique<LmdbSource>(folder);
}

}  // namespace pg
