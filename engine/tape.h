// tape.h: reverse-mode automatic differentiation on a list of ops in creation order (Wengert list).
//
// A vjp calls only ops, on inputs and outputs of its op, so it can itself be recorded and
// differentiated, which makes gradients of any order. An op with a fused kernel as its vjp
// registers through record_fused, with a composition of ops that replaces the kernel while the
// backward pass is being recorded. There are no gradient fields and no global switches: the caller
// passes the tensors whose gradients it needs.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "engine/tensor.h"

namespace pg {

// Receives the gradient of a watched tensor in a backward pass that is not recorded. A vjp may
// write or (if `filled`) add to `tensor` directly; it then sets `filled`.
struct Destination {
  Tensor tensor;
  bool filled = false;
};

// A factor that an op's vjp applies to dy first: dy * (ref > 0 ? 1 : slope), the derivative of the
// leaky ReLU at the op's end. An op that declares it (see record) lets the vjp that computes dy
// apply the factor in the same kernel, which saves a pass over memory. With r, the op ends in
// pixel_norm(lrelu(.)) and its fast vjp starts with the derivative of both (PixelNormVjpArgs, y =
// ref). That form is not differentiable, so it is not offered while recording.
struct Gate {
  Tensor ref;  // empty: no gate
  double slope = 1.0;
  Tensor r = {};  // empty: no norm
};

// The request passed to a vjp: which inputs of the op need a gradient, where the gradient may be
// written, and which gates may be applied to it.
class Need {
 public:
  size_t size() const { return wanted_.size(); }
  bool operator[](size_t input) const { return wanted_[input]; }
  Destination* destination(size_t input) const { return destinations_[input]; }
  // The gate of the op that made this input, if no other op contributes to its gradient; may be
  // applied or not (InputGrad::gate_applied). Empty: no gate.
  const Gate& gate(size_t input) const { return gates_[input]; }
  // The same for kernels that cannot apply the derivative of a norm.
  Gate gate_without_norm(size_t input) const { return gates_[input].r ? Gate{} : gates_[input]; }
  // Whether this op's own gate has already been applied to dy.
  bool gated() const { return gated_; }

 private:
  friend class Tape;
  std::vector<bool> wanted_;
  std::vector<Destination*> destinations_;
  std::vector<Gate> gates_;
  bool gated_ = false;
};

// The gradient of one input. An empty value is zero, or already in its destination.
struct InputGrad {
  InputGrad() = default;
  InputGrad(Tensor grad, bool gated = false) : value(std::move(grad)), gate_applied(gated) {}
  Tensor value;
  bool gate_applied = false;  // value includes Need::gate of this input
};
using Grads = std::vector<InputGrad>;  // one for each input
using Vjp = std::function<Grads(const Tensor& dy, const Need& need)>;
using Composition = std::function<Tensor(const std::vector<Tensor>& inputs)>;

// record: the backward pass is recorded too (create_graph in PyTorch).
// release: it is not, and each node releases its tensors as soon as its vjp has run; the part of
//          the tape before y cannot be used again.
// keep: it is not, and the tape can be used again.
enum class GradMode : uint8_t { record, release, keep };

// If y does not depend on one of xs, grad_into writes zeros, or nothing, because the caller knows
// that there are zeros already.
enum class Unreached : uint8_t { clear, keep };

// While a Tape exists, ops of `context` with an input that depends on a watched tensor are
// recorded. A context has at most one tape at a time.
class Tape {
 public:
  explicit Tape(Context& context);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // A leaf that shares memory with x, for xs of grad().
  Tensor watch(const Tensor& x);

  // Gradients of <dy, y> with respect to xs; zeros where y does not depend on one. An empty dy is
  // all ones. Throws ShapeError if dy does not have the shape of y, and Error if one of xs is not
  // on this tape or is given twice.
  std::vector<Tensor> grad(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy,
                           GradMode mode);

  // The same in mode release, but writes or adds the gradients to into[i], of the shape of xs[i].
  void grad_into(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy,
                 std::span<const Tensor> into, Accumulate accumulate = Accumulate::overwrite,
                 Unreached unreached = Unreached::clear);

 private:
  friend Tensor record(const char* name, std::vector<Tensor> inputs, Tensor y, Vjp vjp, Gate gate);
  struct Node {
    const char* name;
    std::vector<int64_t> inputs;  // node of each input; -1: constant
    Vjp vjp;                      // empty in a leaf and after release
    Gate gate;
  };
  struct Sweep;
  int64_t node_of(const Tensor& x) const;
  void add(Tensor& y, const char* name, const std::vector<Tensor>& inputs, Vjp vjp, Gate gate);
  Sweep prepare(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy) const;
  void sweep(Sweep& s, GradMode mode);
  Need need_of(const Sweep& s, int64_t node) const;
  void step_back(Sweep& s, int64_t node, const Tensor& dy);

  Context& context_;
  uint64_t id_;
  std::deque<Node> nodes_;  // references stay valid while a vjp appends nodes
};

// Turns recording off, or on again, within a scope.
enum class Recording : uint8_t { off, on };
class RecordingScope {
 public:
  RecordingScope(Context& context, Recording recording);
  ~RecordingScope();
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

 private:
  Context& context_;
  bool before_;
};

// Records y = name(inputs) if a tape is recording and an input depends on a watched tensor. With a
// gate, vjp must apply it first unless need.gated().
Tensor record(const char* name, std::vector<Tensor> inputs, Tensor y, Vjp vjp, Gate gate = {});

// The same for an op whose fast vjp is not differentiable. While the backward pass is being
// recorded, `composition`, the same function written in ops, is differentiated instead. The gate
// belongs to the fast vjp and must have a norm.
Tensor record_fused(const char* name, std::vector<Tensor> inputs, Tensor y, Composition composition,
                    Vjp fast_vjp, Gate gate = {});

}  // namespace pg
