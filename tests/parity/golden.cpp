// golden.cpp: reads a golden file and computes its values.
#include "tests/parity/golden.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/adam.h"
#include "engine/ops/ops.h"
#include "tests/paths.h"
#include "tests/stored_values.h"

namespace pg::test {
namespace {

constexpr Fade kForward[] = {{4}, {8, 0.3}, {8}, {16, 0.7}, {16}};
constexpr Fade kGradients[] = {{8, 0.3}, {16}};
constexpr Fade kStepped = {8, 0.3};

std::string preset_of(std::string variant) {
  const std::string suffix = "-labels";
  if (variant.ends_with(suffix)) variant.erase(variant.size() - suffix.size());
  return variant;
}

Layout layout_of(const std::string& preset) {
  const std::map<std::string, Layout> layouts = {
      {"official-tf", Layout::official_tf}, {"paper", Layout::theano},
      {"gan-zoo", Layout::gan_zoo},         {"akanimax", Layout::akanimax},
      {"tutorial", Layout::tutorial},       {"readme-hq", Layout::tutorial},
      {"exercise", Layout::exercise}};
  return layouts.at(preset);
}

Config config_of(const std::string& variant, const nlohmann::json& settings) {
  Config c = preset(preset_of(variant));
  c.model.resolution = settings.at("resolution");
  c.model.channels = settings.at("channels");
  c.model.latent_size = settings.at("latent_size");
  c.model.fmap_base = settings.at("fmap_base");
  c.model.fmap_max = settings.at("fmap_max");
  c.model.label_size = settings.at("labels");
  if (c.model.label_size > 0) c.model.conditioning = Conditioning::acgan;
  // Larger than in the presets, so that tiny gradients do not decide the sign of an update.
  c.optimizer.epsilon = settings.at("optimizer").at("epsilon");
  c.optimizer.beta2 = settings.at("optimizer").at("beta2");
  if (c.optimizer.average_decay > 0) {
    c.optimizer.average_decay = settings.at("optimizer").at("average_decay");
  }
  return c;
}

double relative_error(const std::vector<double>& got, const std::vector<double>& want) {
  PG_ASSERT(got.size() == want.size());
  double error = 0.0, largest = 0.0;
  for (size_t i = 0; i < got.size(); ++i) {
    // A NaN must not pass as small.
    const double e = std::abs(got[i] - want[i]);
    error = e >= error || std::isnan(e) ? e : error;
    largest = std::max(largest, std::abs(want[i]));
  }
  return largest > 0.0 ? error / largest : error;
}

// "8/0.3", as in the keys of a file.
std::string key_of(const Fade& fade) {
  std::ostringstream text;
  text << fade.resolution << '/' << fade.alpha;
  return text.str();
}

}  // namespace

Golden::Golden(const std::string& variant)
    : file_(test::test_files() + "goldens/" + variant + ".safetensors"),
      config_(config_of(variant, nlohmann::json::parse(file_.metadata_at("settings")))),
      layout_(layout_of(preset_of(variant))) {}

std::vector<double> Golden::values(const std::string& key) const {
  const StoredTensor& t = file_.at(key);
  if (t.dtype == StoredType::f64) return test::values_of<double>(file_, t);
  if (t.dtype == StoredType::u8) {
    const std::vector<uint8_t> bytes = test::values_of<uint8_t>(file_, t);
    return {bytes.begin(), bytes.end()};
  }
  const std::vector<float> floats = test::values_of<float>(file_, t);
  return {floats.begin(), floats.end()};
}

// The networks of one comparison.
class Run {
 public:
  Run(const Golden& golden, Context& context, const Config& config, DType dtype, Golden::Edit edit)
      : golden_(golden),
        context_(context),
        config_(config),
        dtype_(dtype),
        generator_(config.model, dtype),
        discriminator_(config.model, dtype, logit_columns(config.loss)),
        g_(context, generator_.specs(), dtype),
        ema_(context, generator_.specs(), dtype),
        d_(context, discriminator_.specs(), dtype) {
    g_entries_ = layout_entries(golden.layout_, Network::generator, config.model);
    if (edit != nullptr) edit(g_entries_);
    load(g_entries_, "param/G/", g_);
    load(g_entries_, "param/G/", ema_);
    if (!golden.has_critic()) return;
    d_entries_ = layout_entries(golden.layout_, Network::discriminator, config.model);
    if (edit != nullptr) edit(d_entries_);
    load(d_entries_, "param/D/", d_);
  }

  Errors errors() {
    for (const Fade& fade : kForward) forward(fade);
    // The file with paper's labels has only outputs.
    for (const Fade& fade : kGradients) {
      if (golden_.file().find("loss/" + key_of(fade) + "/g_total") != nullptr) gradients(fade);
    }
    if (golden_.file().find("step/0/real") != nullptr && golden_.has_critic()) steps();
    return errors_;
  }

 private:
  void note(const std::string& quantity, const std::vector<double>& got,
            const std::vector<double>& want) {
    double& largest = errors_[quantity];
    const double error = relative_error(got, want);
    largest = error >= largest || std::isnan(error) ? error : largest;
  }

  void load(const std::vector<LayoutEntry>& entries, const std::string& prefix,
            ParameterStore& store) {
    std::vector<double> factors(store.specs().size(), 1.0);
    for (const LayoutEntry& e : entries) {
      const std::vector<double> foreign = golden_.values(prefix + e.foreign);
      if (e.indices.empty()) {
        factors[e.parameter] = foreign[0] / store.specs()[e.parameter].scale;
        continue;
      }
      PG_CHECK(foreign.size() == e.indices.size(), ShapeError, prefix, e.foreign, ": expected ",
               e.indices.size(), " elements, got ", foreign.size());
      from_host(store.get(e.ours), gathered(foreign, e.indices));
    }
    store.set_factors(factors);
  }

  void compare(const std::string& quantity, const std::vector<LayoutEntry>& entries,
               const std::string& prefix, const ParameterStore& store,
               const std::vector<Tensor>& views) {
    for (const LayoutEntry& e : entries) {
      if (e.indices.empty() || e.parameter >= views.size()) continue;
      PG_ASSERT(store.specs()[e.parameter].name == e.ours);
      note(quantity, to_host(views[e.parameter]),
           gathered(golden_.values(prefix + e.foreign), e.indices));
    }
  }

  // [N, C, H, W] of a file -> ours.
  Tensor images(const std::string& key) const {
    const std::vector<int64_t>& s = golden_.file().at(key).shape;
    const std::vector<int64_t> order = gather_indices(
        {"n c y x", "n y x c", ""}, {{'n', s[0]}, {'c', s[1]}, {'y', s[2]}, {'x', s[3]}});
    return tensor({s[0], s[2], s[3], s[1]}, gathered(golden_.values(key), order));
  }

  Tensor rows(const std::string& key, int64_t count = 0) const {
    if (golden_.file().find(key) == nullptr) return {};
    const std::vector<int64_t>& s = golden_.file().at(key).shape;
    const Tensor all = tensor({s[0], 1, 1, s.size() > 1 ? s[1] : 1}, golden_.values(key));
    return count > 0 ? ops::slice_batch(all, 0, count) : all;
  }

  Tensor tensor(const Shape& shape, const std::vector<double>& values) const {
    const Tensor t(context_, shape, dtype_);
    from_host(t, values);
    return t;
  }

  void forward(const Fade& fade) {
    const std::string key = "out/G/" + key_of(fade);
    const int64_t n = golden_.file().at(key).shape[0];
    const Tensor fake = generator_.forward(Weights(g_, fade.resolution), rows("in/z", n),
                                           rows("in/labels", n), on_device(fade, g_.flat()));
    note("outputs of G", to_host(fake), to_host(images(key)));
    critic_outputs("out/D/", fade);
    critic_outputs("out_n6/D/", fade);
  }

  void critic_outputs(const std::string& prefix, const Fade& fade) {
    const StoredTensor* want = golden_.file().find(prefix + key_of(fade));
    if (want == nullptr) return;
    const Tensor real =
        ops::slice_batch(images(message("in/", fade.resolution, "/image")), 0, want->shape[0]);
    const DiscriminatorOutput out = discriminator_.forward(Weights(d_, fade.resolution), real, {},
                                                           on_device(fade, g_.flat()), 1);
    const int64_t columns = want->shape[1];
    const Tensor expected = rows(prefix + key_of(fade));
    note("outputs of D", to_host(out.score), to_host(ops::take_channels(expected, 0, 1)));
    if (columns > 1) {
      note("class scores of D", to_host(out.logits),
           to_host(ops::take_channels(expected, 1, columns - 1)));
    }
  }

  void gradients(const Fade& fade) {
    const DeviceFade view = on_device(fade, g_.flat());
    const std::string key = message("in/", fade.resolution, "/image");
    const bool again = config_.schedule.generator_latents == GeneratorLatents::as_critic;
    const GeneratorInputs in{.z = rows(again ? "in/z" : "in/z_g"), .labels = rows("in/labels_g")};
    const Tensor scratch = full(g_.flat().shape(), 0.0, g_.flat());
    const std::vector<Tensor> into = g_.views(scratch, fade.resolution);
    const std::string name = "loss/" + key_of(fade) + "/";
    if (golden_.has_critic()) {
      critic_gradients(fade, view, key);
      const GeneratorLoss loss =
          generator_gradients(config_, generator_, g_, discriminator_, d_, view, in, into);
      note("losses", to_host(ops::affine(loss.total, reduction(), 0.0)),
           golden_.values(name + "g_total"));
    } else {
      // A generator without a critic: the loss is the mean of <G(z), image>.
      Tape tape(context_);
      const Weights w(g_, fade.resolution, tape);
      const Tensor fake = generator_.forward(w, in.z, {}, view);
      const double n = static_cast<double>(fake.shape().n);
      const Tensor loss = ops::sum_to(ops::mul(fake, images(key)), {}, 1.0 / n);
      tape.grad_into(loss, w.all(), {}, into);
      note("losses", to_host(loss), golden_.values(name + "g_total"));
    }
    compare("gradients of G", g_entries_, "grad/G/" + key_of(fade) + "/", g_, into);
  }

  // Factor of the mean over the minibatch.
  double reduction() const { return config_.loss.reduction == Reduction::sum ? 8.0 : 1.0; }

  void critic_gradients(const Fade& fade, const DeviceFade& view, const std::string& image) {
    const Tensor real = images(image), labels = rows("in/labels");
    const Tensor fake =
        generator_.forward(Weights(g_, fade.resolution), rows("in/z"), labels, view);
    const Tensor scratch = full(d_.flat().shape(), 0.0, d_.flat());
    const std::vector<Tensor> into = d_.views(scratch, fade.resolution);
    const DiscriminatorLoss loss = discriminator_gradients(
        config_, discriminator_, d_, view,
        {.images = ops::concat_batch(real, fake), .mix = rows("in/t"), .labels = labels}, into);
    const std::string name = "loss/" + key_of(fade) + "/";
    note("losses", to_host(ops::affine(loss.total, reduction(), 0.0)),
         golden_.values(name + "total"));
    note("gradient penalty", to_host(ops::affine(loss.penalty, reduction(), 0.0)),
         golden_.values(name + "penalty"));
    compare("gradients of D", d_entries_, "grad/D/" + key_of(fade) + "/", d_, into);
  }

  // Update of D, EMA, update of G, EMA, as in Gan::iterate, with the latents and images of the
  // file.
  void steps() {
    const OptimizerConfig& o = config_.optimizer;
    const AdamOptions adam{
        .beta1 = o.beta1, .beta2 = o.beta2, .eps = o.epsilon, .epsilon = o.epsilon_form};
    Adam g_adam(g_, adam, &ema_, {.decay = o.average_decay, .order = o.average_order});
    Adam d_adam(d_, adam);
    const nlohmann::json settings = nlohmann::json::parse(golden_.file().metadata_at("settings"));
    const DeviceFade view = on_device(kStepped, g_.flat());
    const bool again = config_.schedule.generator_latents == GeneratorLatents::as_critic;
    for (int64_t i = 0; i < 3; ++i) {
      const std::string key = message("step/", i, "/");
      const std::string data = config_.schedule.repeat_images ? "step/0/" : key;
      const double rate = settings.at("steps").at("learning_rate").at(static_cast<size_t>(i));
      g_adam.set_learning_rate(rate);
      d_adam.set_learning_rate(rate);
      const Tensor labels = rows(data + "labels");
      const Tensor fake =
          generator_.forward(Weights(g_, view.resolution), rows(data + "z_d"), labels, view);
      discriminator_gradients(config_, discriminator_, d_, view,
                              {.images = ops::concat_batch(images(data + "real"), fake),
                               .mix = rows(key + "t"),
                               .labels = labels},
                              d_adam.gradients(view.resolution));
      d_adam.step(view.resolution);
      generator_gradients(
          config_, generator_, g_, discriminator_, d_, view,
          {.z = rows(data + (again ? "z_d" : "z_g")), .labels = rows(data + "labels_g")},
          g_adam.gradients(view.resolution));
      g_adam.step(view.resolution);
    }
    compare("G after 3 steps", g_entries_, "step3/G/", g_, g_.views(g_.flat(), 8));
    compare("D after 3 steps", d_entries_, "step3/D/", d_, d_.views(d_.flat(), 8));
    const bool averaged = o.average_decay > 0.0;  // else Gs is G itself
    compare("EMA after 3 steps", g_entries_, averaged ? "step3/Gs/" : "step3/G/", ema_,
            ema_.views(ema_.flat(), 8));
  }

  const Golden& golden_;
  Context& context_;
  Config config_;
  DType dtype_;
  Generator generator_;
  Discriminator discriminator_;
  ParameterStore g_, ema_, d_;
  std::vector<LayoutEntry> g_entries_, d_entries_;
  Errors errors_;
};

Errors Golden::compare(Context& context, const Config& config, DType dtype, Edit edit) const {
  return Run(*this, context, config, dtype, edit).errors();
}

}  // namespace pg::test
