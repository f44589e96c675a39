// counted_report.h: the report of bench_kernels on an emulated device: instead of times, what each
// kernel of a case asked of the memory.
#pragma once

#include "bench/report.h"

namespace pg::bench {

void counted_head(Format format, const std::string& precision, const PeakList& devices);

// A line for each kernel of the case.
void counted_row(Format format, const std::string& precision, const Case& c, const Measurement& m);

}  // namespace pg::bench
