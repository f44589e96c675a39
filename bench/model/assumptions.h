// assumptions.h: the numbers of the model that neither launchers nor machine code tell.
//
// They come from reading the machine code for Hopper and from published measurements. The model
// compares states of the code, and a change of these numbers would look like a change of the code:
// they change only to follow the machine code or to correct a mistake, and bench/results/ then says
// what that alone does. Clocks are of one processor, instructions are of a warp.
#pragma once

namespace pg::bench::assumed {

// --- launches ---
inline constexpr double kGap = 1.6e-6;      // seconds from kernel to kernel in a graph
inline constexpr double kOverlap = 0.8e-6;  // of it saved where kernels overlap (launch.cuh), ...
inline constexpr double kOverlapped = 0.3e-6;  // and the least that then remains of a kernel
inline constexpr double kSmallKernel = 3e-6;   // seconds of a kernel that waits for few blocks
inline constexpr double kSumKernel = 2.0e-6;   // of a sum of partial results, without its traffic
inline constexpr double kBiasSum = 1.9e-6;     // of the second one of a call
inline constexpr double kGradCheck = 4e-6;

inline constexpr double kPartsStart = 0.4e-6;     // of a sum of the parts of a convolution, ...
inline constexpr double kPartsCachedShare = 0.8;  // and its rate: of the cached rate, ...
inline constexpr double kPartsShare = 0.75;       // or of the memory's

// --- a processor ---
inline constexpr double kSchedulers = 4;
inline constexpr double kIssue = 0.78;          // instructions per clock and scheduler
inline constexpr double kSharedPerClock = 128;  // bytes
inline constexpr double kMostCache = 60;        // bytes per clock into one processor
inline constexpr double kRegisters = 65536;
inline constexpr double kBlockOverhead = 1024;  // bytes of shared memory that each block takes
inline constexpr double kSecondLimit = 0.15;    // share of the second slowest resource that adds up
inline constexpr double kSecondLimitOfWgrad = 0.2;
inline constexpr double kStall = 1.8;  // clocks per instruction of a warp that runs alone

// --- fprop (tiles) ---
inline constexpr double kProlog = 250;        // instructions
inline constexpr double kPrologOfRows = 60;   // and for each pass over the rows
inline constexpr double kPrologShare = 0.7;   // of a step's other instructions, for each stage
inline constexpr double kStartLatency = 900;  // clocks until the first copies have arrived
inline constexpr double kBarrier = 70, kFragments = 45, kLastMma = 35;  // clocks of a step
inline constexpr double kStepStall = 1.5;  // clocks per instruction between those

// --- epilogues of fprop and strips, instructions ---
inline constexpr double kScale = 3.5, kNorm = 3;                  // for each result of a lane
inline constexpr double kBf16Pack = 75, kTf32Pack = 55;           // for each pack stored
inline constexpr double kGatePack = 35;                           // more with a gate
inline constexpr double kColumn = 2, kRows = 10, kStripRows = 8;  // for each fragment
inline constexpr double kNormRows = 50, kStripNormRows = 60;      // for each 16 rows
inline constexpr double kVjpColumn = 44;                          // for each fragment of a vjp
inline constexpr double kStripVjpRows = 40, kStripResults = 40;
// Of a warp whose columns are all channels of the result: for each result of a lane, and for each
// of its pixels and their fragments. In a tile also to find each pixel.
inline constexpr double kBf16Gated = 7.1, kBf16Biased = 6.4, kTf32Gated = 4.6, kTf32Biased = 5;
inline constexpr double kPixelNorm = 9, kPixelNormColumn = 4;
inline constexpr double kPixelVjp = 12, kPixelVjpColumn = 7.5, kPixelIndex = 12;

// --- strips ---
inline constexpr double kLine = 60;  // instructions of a line besides copies
// Of tf32, counted in the machine code: for each copy, and for a line.
inline constexpr double kStripRounding = 21, kStripRoundingLine = 20;
inline constexpr double kStartResult = 0.5;   // instructions for each result: zero it
inline constexpr double kStripMemory = 1.03;  // traffic of borders
inline constexpr double kHaloLines = 3;       // read again by each block
inline constexpr double kUnevenWaves = 1.03, kManyWaves = 6;

// --- wgrad ---
inline constexpr double kPatch = 70;                        // instructions, with cursor and barrier
inline constexpr double kLowCopy = 0.68, kHighCopy = 1.10;  // of the table's instructions of a copy
// Of tf32, counted in the machine code: a pack is loaded, rounded by three instructions an element
// and stored, half of the packs in a loop.
inline constexpr double kRounding = 17, kRoundingPatch = 14;  // for each copy and patch
inline constexpr double kRoundedTraffic = 3;                  // of shared memory
inline constexpr double kWgradProlog = 400, kWgradStart = 1200;
inline constexpr double kPatchBarrier = 80, kWgradStep = 50;  // clocks
inline constexpr double kStoreStall = 1.6;                    // clocks per instruction
inline constexpr double kStoreResult = 11, kJoinResult = 2;   // instructions for each result
// Partial sums: parts of cached_bytes above which they go through memory, and its rates.
inline constexpr double kWritesCached = 0.5, kSumsCached = 2.0 / 3;
inline constexpr double kWriteShare = 0.625, kSumShare = 0.75;  // of the memory's rate
inline constexpr double kCachedSumShare = 4.5 / 5.5;            // of the cached rate

// --- all others: shares of the memory's rate ---
inline constexpr double kRgbShare = 0.75, kDenseShare = 0.5, kAdamShare = 0.8;
inline constexpr double kCheckShare = 0.875;
inline constexpr double kAdamBytes = 26;  // for each parameter, with the packed filters

}  // namespace pg::bench::assumed
