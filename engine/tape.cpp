// tape.cpp: recording and the reverse sweep.
//
// The sweep adds, fills and copies gradients with ops, and every op records itself here: tape.cpp
// includes ops.h, which includes tape.h. The circle is deliberate: sums of gradients must be on the
// tape too when the backward pass is recorded.
#include "engine/tape.h"

#include <algorithm>
#include <atomic>

#include "engine/ops/ops.h"

namespace pg {

// State of one reverse sweep, by node: which nodes lie between xs and y, and their cotangents.
struct Tape::Sweep {
  std::vector<char> depends;         // whether it depends on one of xs
  std::vector<Tensor> cotangents;    // sums so far
  std::vector<Destination*> wanted;  // null unless it is one of xs
  std::vector<int> consumers;        // number of uses as an input of nodes that depend on xs
  std::vector<char> gated;           // whether its gate is applied to the cotangent
};

RecordingScope::RecordingScope(Context& context, Recording recording)
    : context_(context), before_(context.recording_) {
  context_.recording_ = recording == Recording::on;
}

RecordingScope::~RecordingScope() { context_.recording_ = before_; }

Tape::Tape(Context& context) : context_(context) {
  static std::atomic<uint64_t> last_id{0};
  PG_ASSERT(context.tape_ == nullptr);
  id_ = ++last_id;
  context_.tape_ = this;
  context_.recording_ = true;
}

Tape::~Tape() {
  context_.tape_ = nullptr;
  context_.recording_ = false;
}

int64_t Tape::node_of(const Tensor& x) const {
  return x && x.impl_->tape_id == id_ ? x.impl_->node : -1;
}

void Tape::add(Tensor& y, const char* name, const std::vector<Tensor>& inputs, Vjp vjp, Gate gate) {
  Node node{.name = name, .inputs = {}, .vjp = std::move(vjp), .gate = std::move(gate)};
  for (const Tensor& x : inputs) node.inputs.push_back(node_of(x));
  y.impl_->tape_id = id_;
  y.impl_->node = static_cast<int64_t>(nodes_.size());
  nodes_.push_back(std::move(node));
}

Tensor Tape::watch(const Tensor& x) {
  Tensor leaf = x.alias(x.shape());
  add(leaf, "leaf", {}, nullptr, {});
  return leaf;
}

Tape::Sweep Tape::prepare(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy) const {
  PG_CHECK(!dy || dy.shape() == y.shape(), ShapeError, "expected a cotangent of shape ", y.shape(),
           ", got ", dy ? dy.shape() : Shape{});
  const auto count = static_cast<size_t>(node_of(y) + 1);
  Sweep s{.depends = std::vector<char>(count, 0),
          .cotangents = std::vector<Tensor>(count),
          .wanted = std::vector<Destination*>(count, nullptr),
          .consumers = std::vector<int>(count, 0),
          .gated = std::vector<char>(count, 0)};
  for (const Tensor& x : xs) {
    const int64_t node = node_of(x);
    PG_CHECK(node >= 0, Error,
             "cannot differentiate with respect to a tensor that is not on the tape");
    if (static_cast<size_t>(node) < count) s.depends[static_cast<size_t>(node)] = 1;
  }
  for (size_t i = 0; i < count; ++i) {
    for (const int64_t input : nodes_[i].inputs) {
      if (input < 0 || !s.depends[static_cast<size_t>(input)]) continue;
      s.depends[i] = 1;
      ++s.consumers[static_cast<size_t>(input)];
    }
  }
  if (count > 0) s.cotangents.back() = dy ? dy : full(y.shape(), 1.0, y);
  return s;
}

Need Tape::need_of(const Sweep& s, int64_t node) const {
  Need need;
  for (const int64_t input : nodes_[static_cast<size_t>(node)].inputs) {
    const auto at = static_cast<size_t>(std::max<int64_t>(input, 0));
    const bool depends = input >= 0 && s.depends[at];
    // A gate applies to the whole cotangent, so only the sole contributor may apply it.
    const bool sole = depends && s.consumers[at] == 1 && s.wanted[at] == nullptr;
    const bool offered = sole && (!nodes_[at].gate.r || context_.tape() == nullptr);
    need.wanted_.push_back(depends);
    need.destinations_.push_back(depends ? s.wanted[at] : nullptr);
    need.gates_.push_back(offered ? nodes_[at].gate : Gate{});
  }
  need.gated_ = s.gated[static_cast<size_t>(node)] != 0;
  return need;
}

void Tape::step_back(Sweep& s, int64_t node, const Tensor& dy) {
  const Node& op = nodes_[static_cast<size_t>(node)];
  const Need need = need_of(s, node);
  const bool any = std::find(need.wanted_.begin(), need.wanted_.end(), true) != need.wanted_.end();
  if (!op.vjp || !any) return;
  Grads grads = op.vjp(dy, need);
  PG_ASSERT(grads.size() == op.inputs.size());
  for (size_t i = 0; i < grads.size(); ++i) {
    Tensor& value = grads[i].value;
    if (!need[i] || !value) continue;
    const auto input = static_cast<size_t>(op.inputs[i]);
    if (grads[i].gate_applied) {
      PG_ASSERT(need.gates_[i].ref);
      s.gated[input] = 1;
    }
    Tensor& sum = s.cotangents[input];
    if (!sum) {
      sum = std::move(value);
    } else if (context_.tape() == nullptr && sum.unique()) {
      ops::add_in_place(sum, value);
    } else {
      sum = ops::add(sum, value);
    }
  }
}

// All contributions to a cotangent come from later nodes, so the sweep finds it complete.
void Tape::sweep(Sweep& s, GradMode mode) {
  const RecordingScope scope(context_, mode == GradMode::record ? Recording::on : Recording::off);
  for (auto i = static_cast<int64_t>(s.depends.size()) - 1; i >= 0; --i) {
    const auto at = static_cast<size_t>(i);
    const Tensor dy = std::move(s.cotangents[at]);
    s.cotangents[at] = Tensor();
    if (Destination* to = s.wanted[at]; to != nullptr && dy) {
      if (!to->tensor) {
        to->tensor = dy;
      } else if (to->filled) {
        ops::add_in_place(to->tensor, dy);
      } else {
        ops::copy_into(to->tensor, dy);
      }
      to->filled = true;
    }
    if (dy && s.depends[at]) step_back(s, i, dy);
    if (mode == GradMode::release) {
      nodes_[at].vjp = nullptr;
      nodes_[at].gate = {};
    }
  }
}

std::vector<Tensor> Tape::grad(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy,
                               GradMode mode) {
  Sweep s = prepare(y, xs, dy);
  std::vector<Destination> results(xs.size());
  for (size_t i = 0; i < xs.size(); ++i) {
    const auto node = static_cast<size_t>(node_of(xs[i]));
    if (node >= s.wanted.size()) continue;
    PG_CHECK(s.wanted[node] == nullptr, Error, "the gradient of one tensor is requested twice");
    s.wanted[node] = &results[i];
  }
  sweep(s, mode);
  std::vector<Tensor> grads;
  for (size_t i = 0; i < xs.size(); ++i) {
    grads.push_back(results[i].filled ? results[i].tensor : full(xs[i].shape(), 0.0, xs[i]));
  }
  return grads;
}

void Tape::grad_into(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy,
                     std::span<const Tensor> into, Accumulate accumulate, Unreached unreached) {
  PG_ASSERT(xs.size() == into.size());
  Sweep s = prepare(y, xs, dy);
  std::vector<Destination> results(xs.size());
  for (size_t i = 0; i < xs.size(); ++i) {
    PG_ASSERT(into[i].shape() == xs[i].shape());
    results[i] = {.tensor = into[i], .filled = accumulate == Accumulate::add};
    const auto node = static_cast<size_t>(node_of(xs[i]));
    if (node >= s.wanted.size()) continue;
    PG_CHECK(s.wanted[node] == nullptr, Error, "the gradient of one tensor is requested twice");
    s.wanted[node] = &results[i];
  }
  sweep(s, GradMode::release);
  if (unreached == Unreached::keep) return;
  for (const Destination& result : results) {
    if (result.filled) continue;
    result.tensor.backend().fill({.y = result.tensor.mutable_view(), .value = 0.0});
  }
}

Tensor record(const char* name, std::vector<Tensor> inputs, Tensor y, Vjp vjp, Gate gate) {
  Tape* const tape = y.context().tape();
  if (tape == nullptr) return y;
  for (const Tensor& x : inputs) {
    if (tape->node_of(x) >= 0) {
      tape->add(y, name, inputs, std::move(vjp), std::move(gate));
      break;
    }
  }
  return y;
}

Tensor record_fused(const char* name, std::vector<Tensor> inputs, Tensor y, Composition composition,
                    Vjp fast_vjp, Gate gate) {
  PG_ASSERT(!gate.ref || gate.r);
  Vjp vjp = [inputs, composition = std::move(composition), fast_vjp = std::move(fast_vjp)](
                const Tensor& dy, const Need& need) -> Grads {
    Tape* const tape = dy.context().tape();
    if (tape == nullptr) return fast_vjp(dy, need);
    // Identities replace the inputs, so an input that depends on another one is not counted twice.
    std::vector<Tensor> stand_ins, wanted;
    for (size_t i = 0; i < inputs.size(); ++i) {
      stand_ins.push_back(need[i] ? ops::identity(inputs[i]) : inputs[i]);
      if (need[i]) wanted.push_back(stand_ins.back());
    }
    const std::vector<Tensor> found =
        tape->grad(composition(stand_ins), wanted, dy, GradMode::record);
    Grads grads(inputs.size());
    for (size_t i = 0, next = 0; i < inputs.size(); ++i) {
      if (need[i]) grads[i] = found[next++];
    }
    return grads;
  };
  return record(name, std::move(inputs), std::move(y), std::move(vjp), std::move(gate));
}

}  // namespace pg
