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
    uint planes;
    uint h;
    uint w;
    uint oh;
    uint ow;
    uint mask;
};
typedef float type_5[1];
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

metal::uint2 window(
    uint o,
    uint size,
    uint outputs
) {
    uint _e4 = divide(o * size, outputs);
    uint _e11 = divide((((o + 1u) * size) + outputs) - 1u, outputs);
    return metal::uint2(_e4, _e11);
}

metal::uint2 covering(
    uint i,
    uint size_1,
    uint outputs_1
) {
    uint _e4 = divide(i * outputs_1, size_1);
    uint _e11 = divide((((i + 1u) * outputs_1) + size_1) - 1u, size_1);
    return metal::uint2(_e4, _e11);
}

float relu(
    float x_2
) {
    bool local = {};
    uint bits = as_type<uint>(x_2);
    if (bits > 2147483648u) {
        local = bits <= 4286578688u;
    } else {
        local = false;
    }
    bool _e9 = local;
    return _e9 ? 0.0 : x_2;
}

float masked(
    float y,
    float dy
) {
    bool local_1 = {};
    uint bits_1 = as_type<uint>(y);
    if ((bits_1 - 1u) >= 2147483647u) {
        local_1 = bits_1 <= 4286578688u;
    } else {
        local_1 = false;
    }
    bool _e12 = local_1;
    return _e12 ? 0.0 : dy;
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& dy_1 [[buffer(1)]]
, device type_5 const& y_1 [[buffer(2)]]
, device type_5& dx [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    float sum = 0.0;
    uint oy = {};
    uint ox = {};
    uint _e3 = group_index(group, groups);
    uint at = (_e3 * 64u) + lane;
    uint _e9 = dims.h;
    uint _e12 = dims.w;
    uint plane_size = _e9 * _e12;
    uint _e16 = dims.planes;
    if (at >= (_e16 * plane_size)) {
        return;
    }
    uint _e19 = divide(at, plane_size);
    uint _e22 = dims.oh;
    uint _e26 = dims.ow;
    uint plane = (_e19 * _e22) * _e26;
    uint me = at - (_e19 * plane_size);
    uint _e32 = dims.w;
    uint _e33 = divide(me, _e32);
    uint _e36 = dims.h;
    uint _e39 = dims.oh;
    metal::uint2 _e40 = covering(_e33, _e36, _e39);
    uint _e43 = dims.w;
    uint _e48 = dims.w;
    uint _e51 = dims.ow;
    metal::uint2 _e52 = covering(me - (_e33 * _e43), _e48, _e51);
    oy = _e40.x;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e106 = oy;
            oy = _e106 + 1u;
        }
        loop_init = false;
        uint _e57 = oy;
        if (_e57 < _e40.y) {
        } else {
            break;
        }
        {
            uint _e60 = oy;
            uint _e63 = dims.h;
            uint _e66 = dims.oh;
            metal::uint2 _e67 = window(_e60, _e63, _e66);
            ox = _e52.x;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e103 = ox;
                    ox = _e103 + 1u;
                }
                loop_init_1 = false;
                uint _e70 = ox;
                if (_e70 < _e52.y) {
                } else {
                    break;
                }
                {
                    uint _e73 = ox;
                    uint _e76 = dims.w;
                    uint _e79 = dims.ow;
                    metal::uint2 _e80 = window(_e73, _e76, _e79);
                    float _e81 = sum;
                    uint _e83 = oy;
                    uint _e86 = dims.ow;
                    uint _e89 = ox;
                    float _e92 = dy_1[metal::min(unsigned((plane + (_e83 * _e86)) + _e89), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    sum = _e81 + (_e92 / static_cast<float>((_e67.y - _e67.x) * (_e80.y - _e80.x)));
                }
            }
        }
    }
    uint _e111 = dims.mask;
    if (_e111 != 0u) {
        float _e116 = y_1[metal::min(unsigned(at), (_buffer_sizes.size2 - 0 - 4) / 4)];
        float _e117 = sum;
        float _e118 = masked(_e116, _e117);
        sum = _e118;
    }
    float _e121 = sum;
    dx[metal::min(unsigned(at), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e121;
    return;
}
