// pickle.cpp: the values of a pickle, once the machine has run.
#include "data/formats/pickle/pickle.h"

#include <array>
#include <set>
#include <utility>

#include "data/formats/pickle/pickle_nodes.h"

namespace pg {

using pickle::Id;
using pickle::Node;
using pickle::Role;

namespace {

template <typename T>
std::span<const uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof(value)};
}

}  // namespace

std::string_view name_of(PickleKind kind) {
  constexpr std::array<std::string_view, 11> kNames = {
      "None",    "a boolean", "an integer", "a number",  "a string",           "a list",
      "a tuple", "a dict",    "a tensor",   "an object", "a class or function"};
  return kNames[static_cast<size_t>(kind)];
}

const Node& PickleValue::node() const { return (*owner_->nodes_)[id_]; }

const Node& PickleValue::node_of(PickleKind wanted) const {
  PG_CHECK(kind() == wanted, FormatError, "'", owner_->name(), "': expected ", name_of(wanted),
           ", got ", name_of(kind()), "; use a weights file as its program wrote it");
  return node();
}

PickleKind PickleValue::kind() const { return node().kind; }

bool PickleValue::boolean() const { return node_of(PickleKind::boolean).integer != 0; }

int64_t PickleValue::integer() const {
  return kind() == PickleKind::boolean ? node().integer : node_of(PickleKind::integer).integer;
}

double PickleValue::number() const {
  const bool whole = kind() == PickleKind::integer || kind() == PickleKind::boolean;
  return whole ? static_cast<double>(node().integer) : node_of(PickleKind::number).number;
}

std::string_view PickleValue::text() const { return node_of(PickleKind::text).text; }

int64_t PickleValue::size() const {
  if (kind() == PickleKind::dict) return static_cast<int64_t>(node().items.size() / 2);
  const PickleKind wanted = kind() == PickleKind::tuple ? PickleKind::tuple : PickleKind::list;
  return static_cast<int64_t>(node_of(wanted).items.size());
}

PickleValue PickleValue::sequence_item(int64_t i, int64_t step, int64_t offset) const {
  PG_CHECK(i >= 0 && i < size(), FormatError, "'", owner_->name(), "': element ", i,
           " is missing from ", name_of(kind()), " of ", size(),
           " elements; use a weights file as its program wrote it");
  return {*owner_, node().items[static_cast<size_t>(i * step + offset)]};
}

PickleValue PickleValue::item(int64_t i) const {
  if (kind() == PickleKind::dict) node_of(PickleKind::list);
  return sequence_item(i, 1, 0);
}

PickleValue PickleValue::key(int64_t i) const {
  node_of(PickleKind::dict);
  return sequence_item(i, 2, 0);
}

PickleValue PickleValue::value(int64_t i) const {
  node_of(PickleKind::dict);
  return sequence_item(i, 2, 1);
}

std::optional<PickleValue> PickleValue::find(std::string_view name) const {
  if (kind() == PickleKind::object) {
    const PickleValue attributes = state();
    if (attributes.kind() == PickleKind::dict) return attributes.find(name);
    return std::nullopt;
  }
  const std::vector<Id>& items = node_of(PickleKind::dict).items;
  for (size_t i = items.size(); i > 0; i -= 2) {
    const Node& key = (*owner_->nodes_)[items[i - 2]];
    if (key.kind == PickleKind::text && key.text == name) {
      return PickleValue(*owner_, items[i - 1]);
    }
  }
  return std::nullopt;
}

PickleValue PickleValue::at(std::string_view name) const {
  const std::optional<PickleValue> found = find(name);
  PG_CHECK(found.has_value(), FormatError, "'", owner_->name(), "' has no entry '", name,
           "'; use a weights file as its program wrote it");
  return *found;
}

std::string_view PickleValue::class_name() const { return node_of(PickleKind::object).text; }

PickleValue PickleValue::state() const {
  const std::vector<Id>& items = node_of(PickleKind::object).items;
  return {*owner_, items.empty() ? pickle::kNone : items.front()};
}

Pickle::Pickle(std::span<const uint8_t> bytes, std::string name)
    : name_(std::move(name)), nodes_(std::make_unique<pickle::Nodes>(bytes.size())) {
  foreign::naming_file(name_, [&] {
    const pickle::Parsed parsed = pickle::parse(bytes, *nodes_);
    root_ = parsed.root;
    bytes_read_ = parsed.bytes_read;
    for (const PickleValue& value : tensors()) pickle::describe_tensor(*nodes_, value.node());
  });
}

Pickle::~Pickle() = default;

std::vector<PickleValue> Pickle::tensors() const {
  std::vector<PickleValue> result;
  for (Id id = 0; id < nodes_->size(); ++id) {
    if ((*nodes_)[id].kind == PickleKind::tensor) result.push_back({*this, id});
  }
  return result;
}

std::vector<PickledStorage> Pickle::storages() const {
  std::vector<PickledStorage> result;
  std::set<std::string_view> seen;
  for (Id id = 0; id < nodes_->size(); ++id) {
    const Node& node = (*nodes_)[id];
    const bool is_storage = node.role == Role::storage && !node.items.empty();
    if (is_storage && seen.insert(node.text).second) {
      result.push_back({node.text, node.type, node.integer});
    }
  }
  return result;
}

PickledTensor Pickle::tensor(const PickleValue& value) const {
  PG_ASSERT(value.owner_ == this);
  const Node& node = value.node();
  if (node.kind == PickleKind::number) {
    return {.type = StoredType::f64, .bytes = bytes_of(node.number)};
  }
  if (node.kind == PickleKind::integer) {
    return {.type = StoredType::i64, .bytes = bytes_of(node.integer)};
  }
  return pickle::describe_tensor(*nodes_, value.node_of(PickleKind::tensor));
}

}  // namespace pg
