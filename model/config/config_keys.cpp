// config_keys.cpp: the whole table of configuration keys, and looking up one of them.
#include "model/config/config_keys.h"

#include "kernels/error.h"
#include "model/config/config_key_table.h"
#include "model/config/suggest.h"

namespace pg {

namespace {

std::vector<Key> all_keys() {
  std::vector<Key> all;
  for (auto part : {shape_keys, layer_keys, discriminator_keys, gain_and_label_keys, stage_keys,
                    minibatch_keys, iteration_keys, loss_keys, optimizer_keys, data_keys,
                    train_keys, checkpoint_keys, guard_keys}) {
    for (Key& k : part()) all.push_back(std::move(k));
  }
  return all;
}

}  // namespace

std::span<const Key> keys() {
  static const std::vector<Key> table = all_keys();
  return table;
}

const Key* find_key(std::string_view path) {
  for (const Key& k : keys()) {
    if (k.path == path) return &k;
  }
  return nullptr;
}

void throw_unknown_key(std::string_view path) {
  std::vector<std::string> names;
  for (const Key& k : keys()) names.push_back(k.path);
  const std::string nearest = nearest_name(path, names);
  if (!nearest.empty()) {
    throw UsageError(message("unknown key '", path, "': did you mean '", nearest, "'?"));
  }
  throw UsageError(
      message("unknown key '", path, "'; `progan_cuda config --describe` lists all keys"));
}

}  // namespace pg
