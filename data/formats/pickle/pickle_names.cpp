// pickle_names.cpp: the names that pickles may use, and the nodes that they produce.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "data/formats/pickle/pickle_nodes.h"

namespace pg::pickle {

namespace {

struct Known {
  std::string_view name;
  Role role;
  StoredType type = StoredType::f32;
};

// NumPy 2 calls its core numpy._core, Python 2 its builtins __builtin__ and copyreg copy_reg.
constexpr std::array kKnown = {
    Known{"tfutil.Network", Role::plain_object},
    Known{"network.Network", Role::plain_object},
    Known{"models.utils.config.BaseConfig", Role::plain_object},
    Known{"config.EasyDict", Role::dict_class},
    Known{"collections.OrderedDict", Role::dict_class},
    Known{"copy_reg._reconstructor", Role::reconstructor},
    Known{"copyreg._reconstructor", Role::reconstructor},
    Known{"__builtin__.object", Role::base_object},
    Known{"builtins.object", Role::base_object},
    Known{"_codecs.encode", Role::encode},
    Known{"numpy.ndarray", Role::ndarray},
    Known{"numpy.dtype", Role::dtype},
    Known{"numpy.core.multiarray._reconstruct", Role::reconstruct},
    Known{"numpy._core.multiarray._reconstruct", Role::reconstruct},
    Known{"numpy.core.multiarray.scalar", Role::scalar},
    Known{"numpy._core.multiarray.scalar", Role::scalar},
    Known{"numpy.core.numeric._frombuffer", Role::from_buffer},
    Known{"numpy._core.numeric._frombuffer", Role::from_buffer},
    Known{"torch._utils._rebuild_tensor", Role::rebuild_tensor},
    Known{"torch._utils._rebuild_tensor_v2", Role::rebuild_tensor},
    Known{"torch._utils._rebuild_parameter", Role::rebuild_parameter},
    Known{"torch.Size", Role::size},
    Known{"torch.DoubleStorage", Role::storage, StoredType::f64},
    Known{"torch.FloatStorage", Role::storage, StoredType::f32},
    Known{"torch.HalfStorage", Role::storage, StoredType::f16},
    Known{"torch.BFloat16Storage", Role::storage, StoredType::bf16},
    Known{"torch.LongStorage", Role::storage, StoredType::i64},
    Known{"torch.IntStorage", Role::storage, StoredType::i32},
    Known{"torch.ShortStorage", Role::storage, StoredType::i16},
    Known{"torch.CharStorage", Role::storage, StoredType::i8},
    Known{"torch.ByteStorage", Role::storage, StoredType::u8},
    Known{"torch.BoolStorage", Role::storage, StoredType::boolean},
};

constexpr size_t kLongestKey = 100;  // keys are numbers
constexpr std::string_view kStateDictAdvice = "save only the weights, as a state_dict";

// Arguments of a call, with their kinds checked on access.
class Arguments {
 public:
  Arguments(const Nodes& nodes, std::string_view function, Id tuple)
      : nodes_(nodes), function_(function), ids_(nodes[tuple].items) {
    require(nodes[tuple].kind == PickleKind::tuple, shown(function), " is not called with a tuple");
  }

  size_t size() const { return ids_.size(); }

  Id id(size_t i) const {
    require(i < ids_.size(), shown(function_), " has only ", ids_.size(), " arguments");
    return ids_[i];
  }

  const Node& any(size_t i) const { return nodes_[id(i)]; }

  const Node& of(size_t i, PickleKind kind) const {
    const Node& node = any(i);
    require(node.kind == kind, shown(function_), ": expected ", name_of(kind), ", got ",
            name_of(node.kind));
    return node;
  }

  const Node& of(size_t i, Role role) const {
    const Node& node = any(i);
    require(node.kind == PickleKind::internal && node.role == role, shown(function_),
            " has an argument ", i, " of the wrong kind");
    return node;
  }

 private:
  const Nodes& nodes_;
  std::string_view function_;
  const std::vector<Id>& ids_;
};

StoredType element_type(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, StoredType>, 10> kTypes = {
      {{"f8", StoredType::f64},
       {"f4", StoredType::f32},
       {"f2", StoredType::f16},
       {"i8", StoredType::i64},
       {"i4", StoredType::i32},
       {"i2", StoredType::i16},
       {"i1", StoredType::i8},
       {"u8", StoredType::u64},
       {"u1", StoredType::u8},
       {"b1", StoredType::boolean}}};
  std::string_view plain = text;
  if (plain.find_first_of("<|=") == 0) plain.remove_prefix(1);
  for (const auto& [name, type] : kTypes) {
    if (plain == name) return type;
  }
  throw Rejection{message("unsupported element type '", shown(text), "' of an array"),
                  "export it with 32-bit floating-point weights"};
}

Node dtype_node(const Arguments& arguments) {
  return {.kind = PickleKind::internal,
          .role = Role::dtype,
          .type = element_type(arguments.of(0, PickleKind::text).text)};
}

template <typename T>
T value_of(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

Node integer_node(int64_t value) { return {.kind = PickleKind::integer, .integer = value}; }

Node scalar_node(const Arguments& arguments) {
  const StoredType type = arguments.of(0, Role::dtype).type;
  const std::string_view bytes = arguments.of(1, PickleKind::text).text;
  require(static_cast<int64_t>(bytes.size()) == size_of(type), "a NumPy number has ", bytes.size(),
          " bytes; expected ", size_of(type));
  switch (type) {
    case StoredType::f64:
      return {.kind = PickleKind::number, .number = value_of<double>(bytes)};
    case StoredType::f32:
      return {.kind = PickleKind::number, .number = value_of<float>(bytes)};
    case StoredType::i64:
      return integer_node(value_of<int64_t>(bytes));
    case StoredType::i32:
      return integer_node(value_of<int32_t>(bytes));
    case StoredType::u8:
      return integer_node(value_of<uint8_t>(bytes));
    case StoredType::boolean:
      return {.kind = PickleKind::boolean, .integer = bytes[0] != 0};
    default:
      throw Rejection{message("unsupported type ", name_of(type), " of a NumPy number")};
  }
}

// _codecs.encode(text, "latin1"): bytes as Python 3 writes them in protocol 2. Converts UTF-8 to
// one byte per character.
Id encoded(Nodes& nodes, const Arguments& arguments) {
  const std::string_view encoding = arguments.of(1, PickleKind::text).text;
  require(encoding == "latin1" || encoding == "latin-1", "unsupported encoding ", shown(encoding),
          " of a string");
  const std::string_view text = arguments.of(0, PickleKind::text).text;
  nodes.spend(text.size());
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return arguments.id(0);
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      bytes += text[i];
      continue;
    }
    const bool is_latin1 = (c == 0xc2 || c == 0xc3) && i + 1 < text.size() &&
                           (static_cast<unsigned char>(text[i + 1]) & 0xc0) == 0x80;
    require(is_latin1, "a string encoded as latin1 has characters outside of latin1");
    bytes += static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
  }
  return nodes.add({.kind = PickleKind::text, .text = nodes.keep(std::move(bytes))});
}

// OrderedDict() or, as Python 2 writes it, OrderedDict([[key, value], ...]).
Node ordered_dict(Nodes& nodes, const Arguments& arguments) {
  Node dict{.kind = PickleKind::dict};
  if (arguments.size() == 0) return dict;
  const std::vector<Id>& pairs = arguments.of(0, PickleKind::list).items;
  nodes.spend(pairs.size());
  for (const Id pair : pairs) {
    const std::vector<Id>& items = nodes[pair].items;
    const bool is_pair =
        nodes[pair].kind == PickleKind::list || nodes[pair].kind == PickleKind::tuple;
    require(is_pair && items.size() == 2, "an item of an OrderedDict is not a pair");
    dict.items.insert(dict.items.end(), items.begin(), items.end());
  }
  return dict;
}

Node buffer_array(const Arguments& arguments) {
  arguments.of(0, PickleKind::text);
  arguments.of(1, Role::dtype);
  arguments.of(2, PickleKind::tuple);
  const std::string_view order = arguments.of(3, PickleKind::text).text;
  require(order == "C" || order == "F", "unsupported element order ", shown(order), " of an array");
  return {.kind = PickleKind::tensor,
          .role = Role::reconstruct,
          .fortran_order = order == "F",
          .items = {arguments.id(2), arguments.id(1), arguments.id(0)}};
}

Node torch_tensor(const Arguments& arguments) {
  const Node& storage = arguments.of(0, Role::storage);
  require(!storage.items.empty(), "a tensor has a class instead of a storage");
  arguments.of(2, PickleKind::tuple);
  arguments.of(3, PickleKind::tuple);
  return {.kind = PickleKind::tensor,
          .role = Role::rebuild_tensor,
          .type = storage.type,
          .integer = arguments.of(1, PickleKind::integer).integer,
          .items = {arguments.id(0), arguments.id(2), arguments.id(3)}};
}

void build_array(Nodes& nodes, Node& array, Id state) {
  const Arguments values(nodes, "numpy.ndarray.__setstate__", state);
  values.of(1, PickleKind::tuple);
  values.of(2, Role::dtype);
  const Node& order = values.any(3);
  require(order.kind == PickleKind::boolean || order.kind == PickleKind::integer,
          "an array does not state the order of its elements");
  values.of(4, PickleKind::text);
  array.fortran_order = order.integer != 0;
  array.items = {values.id(1), values.id(2), values.id(4)};
}

void build_dtype(const Nodes& nodes, const Node& dtype, Id state) {
  const Arguments values(nodes, "numpy.dtype.__setstate__", state);
  const std::string_view order = values.of(1, PickleKind::text).text;
  if (order == "<" || order == "|" || order == "=") return;
  require(order == ">" && size_of(dtype.type) == 1, "big-endian arrays are not supported");
}

}  // namespace

Node named(std::string_view module, std::string_view name) {
  for (const Known& known : kKnown) {
    const size_t dot = known.name.rfind('.');
    if (known.name.substr(0, dot) != module || known.name.substr(dot + 1) != name) continue;
    return {
        .kind = PickleKind::internal, .role = known.role, .type = known.type, .text = known.name};
  }
  if (module == "torch_utils.persistence") {
    throw Rejection{"it holds a network of StyleGAN2-ADA or StyleGAN3, another architecture",
                    "only Progressive GANs can be imported"};
  }
  throw Rejection{
      message("'", shown(module), ".", shown(name), "' is not allowed in a weights file"),
      std::string(kStateDictAdvice)};
}

Id call(Nodes& nodes, Id function, Id arguments_id) {
  const Node& callee = nodes[function];
  require(callee.kind == PickleKind::internal && !callee.text.empty(),
          "the pickle calls something that is not a function");
  const Arguments arguments(nodes, callee.text, arguments_id);
  switch (callee.role) {
    case Role::reconstruct:
      arguments.of(0, Role::ndarray);
      return nodes.add({.kind = PickleKind::tensor, .role = Role::reconstruct});
    case Role::from_buffer:
      return nodes.add(buffer_array(arguments));
    case Role::dtype:
      return nodes.add(dtype_node(arguments));
    case Role::scalar:
      return nodes.add(scalar_node(arguments));
    case Role::encode:
      return encoded(nodes, arguments);
    case Role::reconstructor:
      arguments.of(1, Role::base_object);
      require(arguments.any(2).kind == PickleKind::none,
              "an object is constructed from a value other than None");
      return instance(nodes, arguments.id(0));
    case Role::dict_class:
      return nodes.add(ordered_dict(nodes, arguments));
    case Role::size:
      arguments.of(0, PickleKind::tuple);
      return arguments.id(0);
    case Role::rebuild_tensor:
      return nodes.add(torch_tensor(arguments));
    case Role::rebuild_parameter:
      arguments.of(0, PickleKind::tensor);
      return arguments.id(0);
    default:
      throw Rejection{message("the pickle calls ", callee.text, ", which is not a function")};
  }
}

Id instance(Nodes& nodes, Id made_class) {
  const Node& node = nodes[made_class];
  if (node.role == Role::dict_class && node.kind == PickleKind::internal) {
    return nodes.add({.kind = PickleKind::dict});
  }
  require(node.kind == PickleKind::internal && node.role == Role::plain_object,
          "the pickle instantiates something that is not a class");
  return nodes.add({.kind = PickleKind::object, .text = node.text});
}

void build(Nodes& nodes, Id value, Id state) {
  Node& node = nodes[value];
  if (node.kind == PickleKind::object) {
    node.items = {state};
  } else if (node.kind == PickleKind::tensor && node.role == Role::reconstruct) {
    build_array(nodes, node, state);
  } else if (node.kind == PickleKind::internal && node.role == Role::dtype && node.text.empty()) {
    build_dtype(nodes, node, state);
  } else {
    // Attributes of an OrderedDict, such as the module versions of a state_dict, are ignored.
    require(node.kind == PickleKind::dict, "the pickle sets the state of ", name_of(node.kind));
  }
}

Id persistent(Nodes& nodes, Id description) {
  const Arguments values(nodes, "a persistent id", description);
  const std::string_view what = values.of(0, PickleKind::text).text;
  if (what == "module") {
    throw Rejection{"the file has a whole module instead of weights",
                    std::string(kStateDictAdvice)};
  }
  require(what == "storage", "unknown persistent id '", shown(what), "'");
  const Node& type = values.of(1, Role::storage);
  const std::string_view key = values.of(2, PickleKind::text).text;
  const int64_t elements = values.of(4, PickleKind::integer).integer;
  require(elements >= 0, "a storage has ", elements, " elements");
  require(key.size() <= kLongestKey, "a storage has a key of ", key.size(), " bytes");
  if (values.size() > 5) {
    require(values.any(5).kind == PickleKind::none, "a storage is a view of another one");
  }
  return nodes.add({.kind = PickleKind::internal,
                    .role = Role::storage,
                    .type = type.type,
                    .integer = elements,
                    .text = key,
                    .items = {description}});
}

}  // namespace pg::pickle
