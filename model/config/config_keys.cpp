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

// Words for settings that other programs use.
std::string key_for(std::string_view word) {
  static const std::map<std::string_view, const char*> kOtherNames = {
      {"batch", "schedule.minibatch_base"},
      {"batch_size", "schedule.minibatch_base"},
      {"kimg", "schedule.total_kimg"},
      {"epochs", "schedule.total_kimg"},
      {"lr", "optimizer.g_learning_rate"},
      {"gamma", "loss.gp_lambda"},
      {"learning_rate_g", "optimizer.g_learning_rate"},
      {"learning_rate_d", "optimizer.d_learning_rate"},
      {"ema", "optimizer.average_decay"},
      {"z_dim", "model.latent_size"},
      {"snap", "checkpoint.every_kimg"}};
  const auto found = kOtherNames.find(word.substr(word.rfind('.') + 1));
  return found == kOtherNames.end() ? "" : found->second;
}

}  // namespace

std::span<const Key> keys() {
  static const std::vector<Key> table = all_keys();
  return table;
}

std::string describe_key(const Key& key) {
  static const Config defaults;
  return message(key.path, " = ", to_text(key.get(defaults)), "\n    ", key.help,
                 "\n    Allowed: ", allowed_text(key), ".\n");
}

std::vector<const Key*> keys_named(std::string_view word) {
  std::vector<const Key*> found;
  for (const Key& k : keys()) {
    const size_t dot = k.path.find('.');
    const std::string_view path = k.path, section = path.substr(0, dot),
                           last = path.substr(dot + 1);
    if (word == path || word == section || word == last) found.push_back(&k);
  }
  if (found.empty()) throw_unknown_key(word);
  return found;
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
  std::string nearest = key_for(path);
  if (nearest.empty()) nearest = nearest_name(path, names);
  if (!nearest.empty()) {
    throw UsageError(message("unknown key '", path, "': did you mean '", nearest, "'?"));
  }
  throw UsageError(
      message("unknown key '", path, "'; `progan_cuda config --describe` lists all keys"));
}

}  // namespace pg
