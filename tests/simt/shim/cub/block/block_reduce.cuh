// block_reduce.cuh: replaces the header of CUB of this name.
#pragma once

#include <cub/cub.cuh>
