// launch.h: cudaLaunchKernelEx and cudaFuncSetAttribute, templates over the kernel.
#pragma once

#include <tuple>
#include <utility>

#include "tests/simt/emulator/grid.h"
#include "tests/simt/emulator/race.h"
#include "tests/simt/host/api.h"

namespace pg::simt {

// Checks the limits of a launch and queues it.
cudaError_t queue_launch(const cudaLaunchConfig_t& config, Launch&& launch);
cudaError_t set_kernel_attribute(const void* kernel, cudaFuncAttribute attribute, int value);

// A kernel with its arguments, which are copied again for every thread: as on the device, each
// thread has its own by-value parameters.
template <typename... Params>
struct LaunchBody {
  void (*kernel)(Params...);
  std::tuple<Params...> arguments;

  PG_SIMT_UNWATCHED static void run(const void* body) {
    note_parameters(body, sizeof(LaunchBody));
    call(*static_cast<const LaunchBody*>(body), std::index_sequence_for<Params...>{});
  }
  template <size_t... kIndex>
  PG_SIMT_UNWATCHED static void call(const LaunchBody& body, std::index_sequence<kIndex...>) {
    body.kernel(Params(std::get<kIndex>(body.arguments))...);
  }
};

}  // namespace pg::simt

template <typename... Params, typename... Args>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Params...),
                               Args&&... args) {
  static_assert(sizeof...(Params) == sizeof...(Args));
  using Body = pg::simt::LaunchBody<Params...>;
  pg::simt::Launch launch;
  launch.kernel = reinterpret_cast<const void*>(kernel);
  launch.call = &Body::run;
  launch.body = std::shared_ptr<const void>(
      new Body{kernel, std::tuple<Params...>(std::forward<Args>(args)...)},
      [](const void* body) { delete static_cast<const Body*>(body); });
  return pg::simt::queue_launch(*config, std::move(launch));
}

template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel* kernel, cudaFuncAttribute attribute, int value) {
  return pg::simt::set_kernel_attribute(reinterpret_cast<const void*>(kernel), attribute, value);
}
