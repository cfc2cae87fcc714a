// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size3;
    uint size4;
    uint size5;
};

struct Group {
    float lr;
    float step_size;
    float momentum;
    float gradient_scale;
    float square_decay;
    float square_scale;
    float correction;
    float eps;
    float weight_decay;
    float trust;
    uint nesterov;
    uint maximize;
    uint first;
    float s_decay;
    uint spare0_;
    uint spare1_;
};
struct type_4 {
    Group inner[8];
};
struct Hyper {
    uint cursor;
    uint slot;
    float clip_norm;
    float clip_value;
    float share;
    uint begin;
    float ema;
    float swa;
    uint picture_key0_;
    uint picture_key1_;
    uint leave_out;
    uint spare0_;
    uint dropout_key0_;
    uint dropout_key1_;
    uint spare1_;
    uint spare2_;
    type_4 groups;
};
typedef float type_5[1];
struct Segment {
    uint end;
    uint group;
    float scale;
    uint spare;
};
struct type_6 {
    Segment inner[256];
};
struct Dims {
    uint n;
    uint segments;
    uint flags;
    uint memory;
    type_6 table;
};
typedef metal::float4 type_8[1];
constant uint LOG_WORDS = 5u;

uint group_index(
    metal::uint3 group_1,
    metal::uint3 groups_1
) {
    return group_1.x + (group_1.y * groups_1.x);
}

bool is_nan(
    float x
) {
    return (as_type<uint>(x) & 2147483647u) > 2139095040u;
}

bool is_non_finite(
    float x_1
) {
    return (as_type<uint>(x_1) & 2147483647u) >= 2139095040u;
}

uint naga_f2u32(float value) {
    return static_cast<uint>(metal::clamp(value, 0.0, 4294967000.0));
}

int naga_f2i32(float value) {
    return static_cast<int>(metal::clamp(value, -2147483600.0, 2147483500.0));
}

uint divide(
    uint a,
    uint b
) {
    float per_b = 1.0 / static_cast<float>(b);
    uint near = naga_f2u32(static_cast<float>(a) * per_b);
    float rest = static_cast<float>(static_cast<int>(a - (near * b)));
    uint q = near + static_cast<uint>(naga_f2i32(metal::floor((rest + 0.5) * per_b)));
    int over = static_cast<int>(a - (q * b));
    return (q + ((over >= static_cast<int>(b)) ? 1u : 0u)) - ((over < 0) ? 1u : 0u);
}

bool left_out(
    constant Hyper& hyper,
    device type_5 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local = {};
    uint _e2 = hyper.leave_out;
    if (_e2 != 0u) {
        float _e13 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        local = _e13 == -1.0;
    } else {
        local = false;
    }
    bool _e17 = local;
    return _e17;
}

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint segment_of(
    uint element,
    constant Dims& dims
) {
    uint low = 0u;
    uint high = {};
    uint _e5 = dims.segments;
    high = _e5 - 1u;
    uint2 loop_bound = uint2(4294967295u);
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        uint _e9 = low;
        uint _e10 = high;
        if (_e9 < _e10) {
        } else {
            break;
        }
        {
            uint _e12 = low;
            uint _e13 = high;
            uint middle = naga_div(_e12 + _e13, 2u);
            uint _e21 = dims.table.inner[metal::min(unsigned(middle), 255u)].end;
            if (element < _e21) {
                high = middle;
            } else {
                low = middle + 1u;
            }
        }
    }
    uint _e25 = low;
    return _e25;
}

Group at_rate(
    Group group_2,
    float factor
) {
    Group h = {};
    h = group_2;
    float _e4 = h.lr;
    h.lr = _e4 * factor;
    float _e7 = h.step_size;
    h.step_size = _e7 * factor;
    Group _e9 = h;
    return _e9;
}

Group group_of(
    uint element_1,
    constant Hyper& hyper,
    device type_5 const& control,
    constant Dims& dims,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e3 = dims.segments;
    if (_e3 == 1u) {
        Group _e9 = hyper.groups.inner[0];
        float _e12 = control[metal::min(unsigned(0), (_buffer_sizes.size1 - 0 - 4) / 4)];
        Group _e13 = at_rate(_e9, _e12);
        return _e13;
    }
    uint _e16 = segment_of(element_1, dims);
    Segment segment = dims.table.inner[metal::min(unsigned(_e16), 255u)];
    Group _e23 = hyper.groups.inner[metal::min(unsigned(segment.group), 7u)];
    float _e27 = control[metal::min(unsigned(0), (_buffer_sizes.size1 - 0 - 4) / 4)];
    Group _e29 = at_rate(_e23, segment.scale * _e27);
    return _e29;
}

metal::float4 taken(
    metal::float4 gradient,
    Group h_1,
    constant Hyper& hyper,
    device type_5 const& control,
    constant _mslBufferSizes& _buffer_sizes
) {
    metal::float4 g = {};
    g = gradient;
    float _e5 = hyper.clip_norm;
    if (_e5 > 0.0) {
        metal::float4 _e8 = g;
        float _e15 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        g = _e8 * _e15;
    }
    float _e19 = hyper.clip_value;
    if (_e19 > 0.0) {
        metal::float4 _e22 = g;
        float _e25 = hyper.clip_value;
        float _e30 = hyper.clip_value;
        g = metal::clamp(_e22, metal::float4(-(_e25)), metal::float4(_e30));
    }
    if (h_1.maximize != 0u) {
        metal::float4 _e36 = g;
        g = -(_e36);
    }
    metal::float4 _e38 = g;
    return _e38;
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& control [[buffer(3)]]
, constant Dims& dims [[buffer(0)]]
, device type_8 const& grad [[buffer(2)]]
, device type_8& state [[buffer(4)]]
, device type_8& param [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    uint i = {};
    bool _e3 = left_out(hyper, control, _buffer_sizes);
    if (_e3) {
        return;
    }
    uint _e4 = group_index(group, groups);
    uint first = (_e4 * 64u) + lane;
    uint stride = (groups.x * groups.y) * 64u;
    uint _e15 = dims.n;
    uint n = naga_div(_e15, 4u);
    i = first;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init) {
            uint _e81 = i;
            i = _e81 + stride;
        }
        loop_init = false;
        uint _e19 = i;
        if (_e19 < n) {
        } else {
            break;
        }
        {
            uint _e22 = i;
            Group _e24 = group_of(4u * _e22, hyper, control, dims, _buffer_sizes);
            uint _e26 = i;
            metal::float4 p = param[metal::min(unsigned(_e26), (_buffer_sizes.size5 - 0 - 16) / 16)];
            uint _e30 = i;
            metal::float4 _e32 = grad[metal::min(unsigned(_e30), (_buffer_sizes.size3 - 0 - 16) / 16)];
            metal::float4 _e33 = taken(_e32, _e24, hyper, control, _buffer_sizes);
            metal::float4 g_1 = _e33 + (_e24.weight_decay * p);
            uint _e39 = i;
            metal::float4 _e41 = state[metal::min(unsigned(_e39), (_buffer_sizes.size4 - 0 - 16) / 16)];
            metal::float4 square = (_e24.square_decay * _e41) + ((_e24.square_scale * g_1) * g_1);
            uint _e48 = i;
            state[metal::min(unsigned(_e48), (_buffer_sizes.size4 - 0 - 16) / 16)] = square;
            uint _e51 = i;
            metal::float4 steps = state[metal::min(unsigned(n + _e51), (_buffer_sizes.size4 - 0 - 16) / 16)];
            metal::float4 step = (metal::sqrt(steps + metal::float4(_e24.eps)) / metal::sqrt(square + metal::float4(_e24.eps))) * g_1;
            uint _e66 = i;
            state[metal::min(unsigned(n + _e66), (_buffer_sizes.size4 - 0 - 16) / 16)] = (_e24.square_decay * steps) + ((_e24.square_scale * step) * step);
            uint _e76 = i;
            param[metal::min(unsigned(_e76), (_buffer_sizes.size5 - 0 - 16) / 16)] = p - (_e24.lr * step);
        }
    }
    return;
}
