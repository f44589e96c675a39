// lmdb_writer.h: LMDB databases for tests, written by the library.
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pg::testing {

using LmdbEntries = std::vector<std::pair<std::string, std::vector<uint8_t>>>;

// Writes data.mdb into the folder. Transactions of `each` entries leave old pages behind, as in
// real databases.
inline void write_lmdb(const std::filesystem::path& folder, const LmdbEntries& entries,
                       size_t each = SIZE_MAX) {
  const auto check = [](int status) {
    if (status != 0) throw std::runtime_error(mdb_strerror(status));
  };
  std::filesystem::create_directories(folder);
  MDB_env* env = nullptr;
  check(mdb_env_create(&env));
  check(mdb_env_set_mapsize(env, size_t{64} << 20));
  check(mdb_env_open(env, folder.c_str(), MDB_NOSYNC, 0644));
  for (size_t i = 0; i < entries.size();) {
    MDB_txn* txn = nullptr;
    MDB_dbi database = 0;
    check(mdb_txn_begin(env, nullptr, 0, &txn));
    check(mdb_dbi_open(txn, nullptr, 0, &database));
    for (size_t k = 0; k < each && i < entries.size(); ++k, ++i) {
      const auto& [key, bytes] = entries[i];
      MDB_val k_val{key.size(), const_cast<char*>(key.data())};
      MDB_val v_val{bytes.size(), const_cast<uint8_t*>(bytes.data())};
      check(mdb_put(txn, database, &k_val, &v_val, 0));
    }
    check(mdb_txn_commit(txn));
  }
  mdb_env_close(env);
  std::filesystem::remove(folder / "lock.mdb");
}

}  // namespace pg::testing
