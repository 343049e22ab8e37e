// Every format's header, for code that goes through formats.def: the block of FORMAT(x, …) is brim::quant::x::Block.
// A line in formats.def without its header here does not compile.
#pragma once

#include "quant/formats/bf16.hpp"
#include "quant/formats/f16.hpp"
#include "quant/formats/f32.hpp"
#include "quant/formats/iq4_nl.hpp"
#include "quant/formats/iq4_xs.hpp"
#include "quant/formats/q2_k.hpp"
#include "quant/formats/q3_k.hpp"
#include "quant/formats/q4_0.hpp"
#include "quant/formats/q4_1.hpp"
#include "quant/formats/q4_k.hpp"
#include "quant/formats/q5_0.hpp"
#include "quant/formats/q5_1.hpp"
#include "quant/formats/q5_k.hpp"
#include "quant/formats/q6_k.hpp"
#include "quant/formats/q8_0.hpp"
