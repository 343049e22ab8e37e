// Every format's slab, for code that goes through formats.def: sixteen rows of FORMAT(x, …) are brim::quant::x::Slab.
#pragma once

#include "quant/panels/bf16.hpp"
#include "quant/panels/f16.hpp"
#include "quant/panels/f32.hpp"
#include "quant/panels/iq4_nl.hpp"
#include "quant/panels/iq4_xs.hpp"
#include "quant/panels/q2_k.hpp"
#include "quant/panels/q3_k.hpp"
#include "quant/panels/q4_0.hpp"
#include "quant/panels/q4_1.hpp"
#include "quant/panels/q4_k.hpp"
#include "quant/panels/q5_0.hpp"
#include "quant/panels/q5_1.hpp"
#include "quant/panels/q5_k.hpp"
#include "quant/panels/q6_k.hpp"
#include "quant/panels/q8_0.hpp"
