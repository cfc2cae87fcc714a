// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size4;
    uint size5;
    uint size6;
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
struct type_8 {
    metal::float4 inner[64];
};
typedef metal::float4 type_9[1];
constant uint LOG_WORDS = 5u;
constant uint PRODIGY = 1u;
constant uint COUPLED = 2u;
constant uint SAFEGUARD = 4u;

uint group_index(
    metal::uint3 group_1,
    metal::uint3 groups
) {
    return group_1.x + (group_1.y * groups.x);
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
    metal::float4 g_1 = {};
    g_1 = gradient;
    float _e5 = hyper.clip_norm;
    if (_e5 > 0.0) {
        metal::float4 _e8 = g_1;
        float _e15 = control[metal::min(unsigned((1 + (_buffer_sizes.size1 - 0 - 4) / 4) - 1u), (_buffer_sizes.size1 - 0 - 4) / 4)];
        g_1 = _e8 * _e15;
    }
    float _e19 = hyper.clip_value;
    if (_e19 > 0.0) {
        metal::float4 _e22 = g_1;
        float _e25 = hyper.clip_value;
        float _e30 = hyper.clip_value;
        g_1 = metal::clamp(_e22, metal::float4(-(_e25)), metal::float4(_e30));
    }
    if (h_1.maximize != 0u) {
        metal::float4 _e36 = g_1;
        g_1 = -(_e36);
    }
    metal::float4 _e38 = g_1;
    return _e38;
}

uint parts(
    constant Dims& dims
) {
    uint _e2 = dims.n;
    return metal::clamp(naga_div(_e2 + 2047u, 2048u), 1u, 256u);
}

metal::float4 tree(
    uint lane_1,
    metal::float4 mine,
    threadgroup type_8& sums
) {
    uint half_ = 32u;
    sums.inner[metal::min(unsigned(lane_1), 63u)] = mine;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init) {
            uint _e20 = half_;
            half_ = naga_div(_e20, 2u);
        }
        loop_init = false;
        uint _e6 = half_;
        if (_e6 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e9 = half_;
            if (lane_1 < _e9) {
                metal::float4 _e13 = sums.inner[metal::min(unsigned(lane_1), 63u)];
                uint _e15 = half_;
                metal::float4 _e18 = sums.inner[metal::min(unsigned(lane_1 + _e15), 63u)];
                sums.inner[metal::min(unsigned(lane_1), 63u)] = _e13 + _e18;
            }
        }
    }
    metal::float4 _e25 = sums.inner[metal::min(unsigned(lane_1), 63u)];
    return _e25;
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& control [[buffer(3)]]
, constant Dims& dims [[buffer(0)]]
, threadgroup type_8& sums
, device type_9 const& grad [[buffer(2)]]
, device type_9 const& param [[buffer(4)]]
, device type_9& state [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    if (lane == 0u) {
        sums = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float4 share = metal::float4 {};
    uint i = {};
    metal::float4 g = {};
    metal::float4 after = {};
    bool _e2 = left_out(hyper, control, _buffer_sizes);
    if (_e2) {
        return;
    }
    uint _e5 = dims.n;
    uint n = naga_div(_e5, 4u);
    uint _e11 = dims.memory;
    float d = control[metal::min(unsigned(_e11), (_buffer_sizes.size1 - 0 - 4) / 4)];
    uint _e16 = dims.flags;
    bool prodigy = (_e16 & PRODIGY) != 0u;
    i = (group.x * 64u) + lane;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e194 = i;
            uint _e196 = parts(dims);
            i = _e194 + (64u * _e196);
        }
        loop_init_1 = false;
        uint _e28 = i;
        if (_e28 < n) {
        } else {
            break;
        }
        {
            uint _e31 = i;
            Group _e33 = group_of(4u * _e31, hyper, control, dims, _buffer_sizes);
            if (_e33.lr == 0.0) {
                continue;
            }
            uint _e38 = i;
            metal::float4 p = param[metal::min(unsigned(_e38), (_buffer_sizes.size5 - 0 - 16) / 16)];
            uint _e42 = i;
            metal::float4 _e44 = grad[metal::min(unsigned(_e42), (_buffer_sizes.size4 - 0 - 16) / 16)];
            metal::float4 _e45 = taken(_e44, _e33, hyper, control, _buffer_sizes);
            g = _e45;
            uint _e49 = dims.flags;
            if ((_e49 & COUPLED) != 0u) {
                metal::float4 _e54 = g;
                g = _e54 + (_e33.weight_decay * p);
            }
            uint _e59 = i;
            metal::float4 m = state[metal::min(unsigned(_e59), (_buffer_sizes.size6 - 0 - 16) / 16)];
            uint _e63 = i;
            metal::float4 v = state[metal::min(unsigned(n + _e63), (_buffer_sizes.size6 - 0 - 16) / 16)];
            uint _e70 = i;
            metal::float4 s = state[metal::min(unsigned((2u * n) + _e70), (_buffer_sizes.size6 - 0 - 16) / 16)];
            after = s;
            if (prodigy) {
                float share_of_d = d * _e33.trust;
                float _e78 = share.x;
                metal::float4 _e80 = g;
                uint _e84 = i;
                metal::float4 _e87 = state[metal::min(unsigned((3u * n) + _e84), (_buffer_sizes.size6 - 0 - 16) / 16)];
                share.x = _e78 + (_e33.step_size * metal::dot(_e80, _e87 - p));
                uint _e93 = i;
                metal::float4 _e99 = g;
                state[metal::min(unsigned(_e93), (_buffer_sizes.size6 - 0 - 16) / 16)] = (_e33.momentum * m) + ((d * _e33.gradient_scale) * _e99);
                uint _e103 = i;
                metal::float4 _e111 = g;
                metal::float4 _e113 = g;
                state[metal::min(unsigned(n + _e103), (_buffer_sizes.size6 - 0 - 16) / 16)] = (_e33.square_decay * v) + ((((d * d) * _e33.square_scale) * _e111) * _e113);
                uint _e120 = dims.flags;
                float rate = ((_e120 & SAFEGUARD) != 0u) ? d : (d * _e33.step_size);
                metal::float4 _e129 = g;
                after = (_e33.s_decay * s) + ((share_of_d * rate) * _e129);
            } else {
                float rate_1 = d * _e33.step_size;
                float _e135 = share.x;
                metal::float4 _e137 = g;
                share.x = _e135 + (_e33.step_size * metal::dot(_e137, s / (metal::sqrt(v) + metal::float4(_e33.eps))));
                uint _e147 = i;
                metal::float4 _e153 = g;
                state[metal::min(unsigned(_e147), (_buffer_sizes.size6 - 0 - 16) / 16)] = (_e33.momentum * m) + ((rate_1 * _e33.gradient_scale) * _e153);
                uint _e157 = i;
                metal::float4 _e163 = g;
                metal::float4 _e165 = g;
                state[metal::min(unsigned(n + _e157), (_buffer_sizes.size6 - 0 - 16) / 16)] = (_e33.square_decay * v) + ((_e33.square_scale * _e163) * _e165);
                metal::float4 _e172 = g;
                after = (_e33.s_decay * s) + ((_e33.trust * rate_1) * _e172);
            }
            uint _e178 = i;
            metal::float4 _e181 = after;
            state[metal::min(unsigned((2u * n) + _e178), (_buffer_sizes.size6 - 0 - 16) / 16)] = _e181;
            metal::float4 _e182 = after;
            metal::float4 size = metal::abs(_e182);
            float _e185 = share.y;
            share.y = _e185 + ((size.x + size.y) + (size.z + size.w));
        }
    }
    metal::float4 _e199 = share;
    metal::float4 _e200 = tree(lane, _e199, sums);
    share = _e200;
    if (lane == 0u) {
        metal::float4 _e211 = share;
        state[metal::min(unsigned(((prodigy ? 4u : 3u) * n) + group.x), (_buffer_sizes.size6 - 0 - 16) / 16)] = _e211;
        return;
    } else {
        return;
    }
}
