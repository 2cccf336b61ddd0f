// Everything that generated kernels call.
#pragma once

#include "annconv/distributions.hpp"
#include "annconv/functions.hpp"
#include "annconv/integration.hpp"
#include "annconv/kernels/convolution.hpp"
#include "annconv/kernels/dense.hpp"
#include "annconv/kernels/elementwise.hpp"
#include "annconv/kernels/event_convolution.hpp"
#include "annconv/kernels/layer.hpp"
#include "annconv/kernels/pooling.hpp"
#include "annconv/kernels/shared_inputs.hpp"
#include "annconv/statistics.hpp"
