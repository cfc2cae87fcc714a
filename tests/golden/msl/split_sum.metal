// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
    uint size3;
};

struct Dims {
    uint words;
    uint parts;
    uint cols;
    uint size;
    uint sums;
    uint epilogue;
};
typedef float type_4[1];
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;

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

float relu(
    float x_2
) {
    bool local_2 = {};
    uint bits = as_type<uint>(x_2);
    if (bits > 2147483648u) {
        local_2 = bits <= 4286578688u;
    } else {
        local_2 = false;
    }
    bool _e9 = local_2;
    return _e9 ? 0.0 : x_2;
}

float masked(
    float y,
    float dy
) {
    bool local_3 = {};
    uint bits_1 = as_type<uint>(y);
    if ((bits_1 - 1u) >= 2147483647u) {
        local_3 = bits_1 <= 4286578688u;
    } else {
        local_3 = false;
    }
    bool _e12 = local_3;
    return _e12 ? 0.0 : dy;
}
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& part [[buffer(1)]]
, device type_4 const& e [[buffer(2)]]
, device type_4& y_1 [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    bool local = {};
    bool local_1 = {};
    float v = 0.0;
    uint p = 0u;
    uint _e3 = group_index(group, groups);
    uint i = (_e3 * 64u) + lane;
    uint _e9 = dims.words;
    if (!((i >= _e9))) {
        uint _e16 = dims.size;
        if (i >= _e16) {
            uint _e22 = dims.sums;
            local_1 = i < _e22;
        } else {
            local_1 = false;
        }
        bool _e25 = local_1;
        local = _e25;
    } else {
        local = true;
    }
    bool _e27 = local;
    if (_e27) {
        return;
    }
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e48 = p;
            p = _e48 + 1u;
        }
        loop_init = false;
        uint _e32 = p;
        uint _e35 = dims.parts;
        if (_e32 < _e35) {
        } else {
            break;
        }
        {
            float _e37 = v;
            uint _e39 = p;
            uint _e42 = dims.words;
            float _e46 = part[metal::min(unsigned((_e39 * _e42) + i), (_buffer_sizes.size1 - 0 - 4) / 4)];
            v = _e37 + _e46;
        }
    }
    uint _e53 = dims.size;
    if (i < _e53) {
        uint _e57 = dims.epilogue;
        if ((_e57 & BIAS) != 0u) {
            float _e62 = v;
            uint _e66 = dims.cols;
            float _e69 = e[metal::min(unsigned(naga_mod(i, _e66)), (_buffer_sizes.size2 - 0 - 4) / 4)];
            v = _e62 + _e69;
        }
        uint _e73 = dims.epilogue;
        if ((_e73 & RELU) != 0u) {
            float _e78 = v;
            float _e79 = relu(_e78);
            v = _e79;
        }
        uint _e82 = dims.epilogue;
        if ((_e82 & MASK) != 0u) {
            float _e89 = e[metal::min(unsigned(i), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float _e90 = v;
            float _e91 = masked(_e89, _e90);
            v = _e91;
        }
    }
    float _e94 = v;
    y_1[metal::min(unsigned(i), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e94;
    return;
}
