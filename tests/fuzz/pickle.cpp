// pickle.cpp: fuzz target of the pickle reader, and of walks through its values.
#include "data/formats/pickle/pickle.h"
#include "data/formats/pickle/host_tensor.h"
#include "tests/fuzz/target.h"

namespace {

using pg::PickleKind;
using pg::PickleValue;

// Follows first and last children for `steps` steps, since values may contain themselves.
void walk(PickleValue value, int steps) {
  for (; steps > 0; --steps) {
    if (value.kind() == PickleKind::object) {
      value.find("variables");
      value = value.state();
    } else if (value.kind() == PickleKind::dict && value.size() > 0) {
      value.find("variables");
      walk(value.key(0), steps / 2);
      value = value.value(value.size() - 1);
    } else if ((value.kind() == PickleKind::list || value.kind() == PickleKind::tuple) &&
               value.size() > 0) {
      walk(value.item(0), steps / 2);
      value = value.item(value.size() - 1);
    } else {
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pg::fuzz::reads_or_rejects([&] {
    const pg::Pickle pickle({data, size}, "input");
    pg::fuzz::claim(pickle.bytes_read() <= size);
    walk(pickle.root(), 64);
    pickle.storages();
    for (const PickleValue& value : pickle.tensors()) {
      const pg::PickledTensor tensor = pickle.tensor(value);
      if (!tensor.storage.has_value()) pg::HostTensor(tensor, nullptr).floats();
    }
  });
  return 0;
}
