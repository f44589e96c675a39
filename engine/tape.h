// tape.h: reverse-mode automatic differentiation on a list of ops in creation order (Wengert list).
//
// A vjp calls only ops, on inputs and outputs of its op, so it can itself be recorded and
// differentiated: double backward falls out. An op whose vjp is a raw kernel registers through
// record_fused with a composition of ops, which takes its place whenever the backward pass is being
// recorded. There are no gradient fields and no global switches: the caller names what it wants.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "engine/tensor.h"

namespace pg {

// Where the gradient of a watched tensor is collected in the last backward pass. A weight-gradient
// op may write or add to `tensor` directly and set `filled`.
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

// What a vjp is asked for: which inputs of the op need a gradient, where the gradient may be
// written, and which gates may be applied to it.
class Need {
 public:
  size_t size() const { return wanted_.size(); }
  bool operator[](size_t input) const { return wanted_[input]; }
  Destination* destination(size_t input) const { return destinations_[input]; }
  // The gate of the op that made this input, if this op alone contributes to its gradient; may be
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

// record: the backward pass is itself put on the tape (create_graph of other systems).
// release: it is not, and memory held by the nodes it passes is given back on the way.
// keep: it is not, and the tape stays usable.
enum class GradMode : uint8_t { record, release, keep };

// While it lives, ops of `context` whose inputs depend on a watched tensor are recorded. One at a
// time for each context.
class Tape {
 public:
  explicit Tape(Context& context);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // A leaf that shares memory with x: gradients can be asked for it.
  Tensor watch(const Tensor& x);

  // Gradients of <dy, y> with respect to xs (each on this tape). An empty dy is all ones. A
  // gradient that does not exist comes back as zeros. Throws ShapeError where dy does not fit y.
  std::vector<Tensor> grad(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy,
                           GradMode mode);

  // The same, left in (or added to) into[i], of the shape of xs[i], instead of returned; mode
  // release.
  void grad_into(const Tensor& y, std::span<const Tensor> xs, const Tensor& dy,
                 std::span<const Tensor> into, Accumulate accumulate = Accumulate::overwrite);

 private:
  friend Tensor record(const char* name, std::vector<Tensor> inputs, Tensor y, Vjp vjp, Gate gate);
  struct Node {
    const char* name;
    std::vector<int64_t> inputs;  // node of each input, -1: constant
    Vjp vjp;                      // none in a leaf
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
  std::deque<Node> nodes_;  // a vjp may append nodes while another one is referred to
};

// Switches recording off (or, inside a tape, on) for a scope.
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

// Puts y = name(inputs) on the tape if one records and an input depends on a watched tensor. With a
// gate, vjp must apply it first unless need.gated().
Tensor record(const char* name, std::vector<Tensor> inputs, Tensor y, Vjp vjp, Gate gate = {});

// The same for an op with a fast, not differentiable vjp: used when the backward pass is not being
// recorded; otherwise `composition`, the same function written in ops, is differentiated. The gate,
// which must have a norm, is the fast vjp's.
Tensor record_fused(const char* name, std::vector<Tensor> inputs, Tensor y, Composition composition,
                    Vjp fast_vjp, Gate gate = {});

}  // namespace pg
