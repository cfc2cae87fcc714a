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
    uint kh;
    uint kw;
    uint stride_h;
    uint stride_w;
    uint padding_h;
    uint padding_w;
    uint count_include_pad;
    uint mask;
};
typedef metal::float2 type_6[1];
typedef float type_7[1];
typedef uint type_8[1];

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
    uint stride,
    uint k,
    uint padding,
    uint size
) {
    uint start = o * stride;
    return metal::uint2(metal::max(start, padding) - padding, metal::min(metal::max(start + k, padding) - padding, size));
}

metal::uint2 covering(
    uint i,
    uint stride_1,
    uint k_1,
    uint padding_1,
    uint outputs
) {
    uint at = i + padding_1;
    uint _e14 = divide(((at - metal::min(at, k_1 - 1u)) + stride_1) - 1u, stride_1);
    uint first = (at >= k_1) ? _e14 : 0u;
    uint _e17 = divide(at, stride_1);
    return metal::uint2(first, metal::min(_e17 + 1u, outputs));
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_6 const& x_2 [[buffer(1)]]
, device type_7& y [[buffer(2)]]
, device type_8& index [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    float best = {};
    uint best_at = {};
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    uint _e3 = group_index(group, groups);
    uint at_1 = (_e3 * 64u) + lane;
    uint _e9 = dims.planes;
    uint _e12 = dims.oh;
    uint _e16 = dims.ow;
    if (at_1 >= ((_e9 * _e12) * _e16)) {
        return;
    }
    uint _e21 = dims.ow;
    uint _e22 = divide(at_1, _e21);
    uint _e25 = dims.oh;
    uint _e26 = divide(_e22, _e25);
    uint _e29 = dims.oh;
    uint oy = _e22 - (_e26 * _e29);
    uint _e34 = dims.ow;
    uint ox = at_1 - (_e22 * _e34);
    uint _e41 = dims.w;
    uint corner = ((oy * 2u) * _e41) + (ox * 2u);
    uint _e50 = dims.ow;
    uint start_1 = ((_e22 * 2u) * _e50) + ox;
    uint _e57 = dims.ow;
    metal::float2 x0_ = x_2[metal::min(unsigned(start_1 + (0u * _e57)), (_buffer_sizes.size1 - 0 - 8) / 8)];
    uint _e66 = dims.ow;
    metal::float2 x1_ = x_2[metal::min(unsigned(start_1 + (1u * _e66)), (_buffer_sizes.size1 - 0 - 8) / 8)];
    best = x0_.x;
    best_at = corner;
    {
        float _e75 = best;
        if (!((x0_.x > _e75))) {
            bool _e81 = is_nan(x0_.x);
            local = _e81;
        } else {
            local = true;
        }
        bool better = local;
        float _e84 = best;
        best = better ? x0_.x : _e84;
        uint _e87 = best_at;
        uint _e91 = dims.w;
        best_at = better ? ((corner + (0u * _e91)) + 0u) : _e87;
    }
    {
        float _e98 = best;
        if (!((x0_.y > _e98))) {
            bool _e104 = is_nan(x0_.y);
            local_1 = _e104;
        } else {
            local_1 = true;
        }
        bool better_1 = local_1;
        float _e107 = best;
        best = better_1 ? x0_.y : _e107;
        uint _e110 = best_at;
        uint _e114 = dims.w;
        best_at = better_1 ? ((corner + (0u * _e114)) + 1u) : _e110;
    }
    {
        float _e121 = best;
        if (!((x1_.x > _e121))) {
            bool _e127 = is_nan(x1_.x);
            local_2 = _e127;
        } else {
            local_2 = true;
        }
        bool better_2 = local_2;
        float _e130 = best;
        best = better_2 ? x1_.x : _e130;
        uint _e133 = best_at;
        uint _e137 = dims.w;
        best_at = better_2 ? ((corner + (1u * _e137)) + 0u) : _e133;
    }
    {
        float _e144 = best;
        if (!((x1_.y > _e144))) {
            bool _e150 = is_nan(x1_.y);
            local_3 = _e150;
        } else {
            local_3 = true;
        }
        bool better_3 = local_3;
        float _e153 = best;
        best = better_3 ? x1_.y : _e153;
        uint _e156 = best_at;
        uint _e160 = dims.w;
        best_at = better_3 ? ((corner + (1u * _e160)) + 1u) : _e156;
    }
    float _e168 = best;
    y[metal::min(unsigned(at_1), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e168;
    uint _e171 = best_at;
    index[metal::min(unsigned(at_1), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e171;
    return;
}
