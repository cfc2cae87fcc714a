// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
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

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& x_2 [[buffer(1)]]
, device type_5& y [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(3)]]
) {
    float sum = 0.0;
    uint iy = {};
    uint ix = {};
    uint _e3 = group_index(group, groups);
    uint at = (_e3 * 64u) + lane;
    uint _e9 = dims.planes;
    uint _e12 = dims.oh;
    uint _e16 = dims.ow;
    if (at >= ((_e9 * _e12) * _e16)) {
        return;
    }
    uint _e21 = dims.ow;
    uint _e22 = divide(at, _e21);
    uint _e25 = dims.oh;
    uint _e26 = divide(_e22, _e25);
    uint _e29 = dims.h;
    uint _e33 = dims.w;
    uint plane = (_e26 * _e29) * _e33;
    uint _e37 = dims.oh;
    uint _e42 = dims.h;
    uint _e45 = dims.oh;
    metal::uint2 _e46 = window(_e22 - (_e26 * _e37), _e42, _e45);
    uint _e49 = dims.ow;
    uint _e54 = dims.w;
    uint _e57 = dims.ow;
    metal::uint2 _e58 = window(at - (_e22 * _e49), _e54, _e57);
    iy = _e46.x;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e87 = iy;
            iy = _e87 + 1u;
        }
        loop_init = false;
        uint _e63 = iy;
        if (_e63 < _e46.y) {
        } else {
            break;
        }
        {
            ix = _e58.x;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e84 = ix;
                    ix = _e84 + 1u;
                }
                loop_init_1 = false;
                uint _e68 = ix;
                if (_e68 < _e58.y) {
                } else {
                    break;
                }
                {
                    float _e71 = sum;
                    uint _e73 = iy;
                    uint _e76 = dims.w;
                    uint _e79 = ix;
                    float _e82 = x_2[metal::min(unsigned((plane + (_e73 * _e76)) + _e79), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    sum = _e71 + _e82;
                }
            }
        }
    }
    float _e92 = sum;
    y[metal::min(unsigned(at), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e92 / static_cast<float>((_e46.y - _e46.x) * (_e58.y - _e58.x));
    return;
}
