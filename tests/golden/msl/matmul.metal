// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
    uint size3;
    uint size4;
};

struct Dims {
    uint m;
    uint n;
    uint k;
    uint ta;
    uint tb;
    uint epilogue;
    uint sums;
};
typedef float type_5[1];
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;
constant uint TILE_ROWS = 32u;
constant uint TILE_COLS = 32u;

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
    uint q_1 = near + static_cast<uint>(naga_f2i32(metal::floor((rest + 0.5) * per_b)));
    int over = static_cast<int>(a - (q_1 * b));
    return (q_1 + ((over >= static_cast<int>(b)) ? 1u : 0u)) - ((over < 0) ? 1u : 0u);
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

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

metal::uint2 terms_of(
    uint part,
    uint parts,
    constant Dims& dims
) {
    uint _e4 = dims.k;
    uint chunk = naga_div(naga_div((_e4 + parts) - 1u, parts) + 3u, 4u) * 4u;
    uint _e21 = dims.k;
    return metal::min(metal::uint2(part * chunk, (part * chunk) + chunk), metal::uint2(_e21));
}

uint words(
    constant Dims& dims
) {
    uint _e2 = dims.m;
    uint _e5 = dims.n;
    uint _e9 = dims.sums;
    uint _e12 = dims.m;
    uint _e16 = dims.sums;
    return (_e16 != 0u) ? (_e9 + _e12) : (_e2 * _e5);
}

void store_element(
    uint i,
    uint j,
    float sum,
    uint part_1,
    uint parts_1,
    constant Dims& dims,
    device type_5 const& e,
    device type_5& c,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_4 = {};
    float y_1 = {};
    uint _e7 = dims.m;
    if (!((i >= _e7))) {
        uint _e14 = dims.n;
        local_4 = j >= _e14;
    } else {
        local_4 = true;
    }
    bool _e17 = local_4;
    if (_e17) {
        return;
    }
    uint _e20 = dims.n;
    uint at = (i * _e20) + j;
    y_1 = sum;
    if (parts_1 == 1u) {
        uint _e28 = dims.epilogue;
        if ((_e28 & BIAS) != 0u) {
            float _e33 = y_1;
            float _e36 = e[metal::min(unsigned(j), (_buffer_sizes.size1 - 0 - 4) / 4)];
            y_1 = _e33 + _e36;
        }
        uint _e40 = dims.epilogue;
        if ((_e40 & RELU) != 0u) {
            float _e45 = y_1;
            float _e46 = relu(_e45);
            y_1 = _e46;
        }
        uint _e49 = dims.epilogue;
        if ((_e49 & MASK) != 0u) {
            float _e56 = e[metal::min(unsigned(at), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e57 = y_1;
            float _e58 = masked(_e56, _e57);
            y_1 = _e58;
        }
    }
    uint _e60 = words(dims);
    float _e64 = y_1;
    c[metal::min(unsigned((part_1 * _e60) + at), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e64;
    return;
}
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, metal::uint3 lane [[thread_position_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& e [[buffer(3)]]
, device type_5& c [[buffer(4)]]
, device type_5 const& a_1 [[buffer(1)]]
, device type_5 const& b_1 [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    metal::uint4 at_a = {};
    metal::uint4 at_b = {};
    metal::float4 c0_ = metal::float4 {};
    metal::float4 c1_ = metal::float4 {};
    metal::float4 c2_ = metal::float4 {};
    metal::float4 c3_ = metal::float4 {};
    metal::float4 sums = metal::float4 {};
    uint p = {};
    uint q = 0u;
    bool local = {};
    bool local_1 = {};
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.n;
    uint across = naga_div((_e6 + TILE_COLS) - 1u, TILE_COLS);
    uint row = (naga_div(_e3, across) * TILE_ROWS) + lane.y;
    uint col = (naga_mod(_e3, across) * TILE_COLS) + lane.x;
    uint _e28 = dims.m;
    if ((naga_div(_e3, across) * TILE_ROWS) >= _e28) {
        return;
    }
    uint _e32 = dims.m;
    metal::uint4 last_row = metal::uint4(_e32 - 1u);
    uint _e38 = dims.n;
    metal::uint4 last_col = metal::uint4(_e38 - 1u);
    metal::uint4 i_1 = metal::min(metal::uint4(row) + metal::uint4(0u, 8u, 16u, 24u), last_row);
    metal::uint4 j_1 = metal::min(metal::uint4(col) + metal::uint4(0u, 8u, 16u, 24u), last_col);
    metal::uint2 _e60 = terms_of(group.z, groups.z, dims);
    uint _e64 = dims.m;
    uint _e67 = dims.ta;
    uint a_step = (_e67 != 0u) ? _e64 : 1u;
    uint _e73 = dims.n;
    uint _e77 = dims.tb;
    uint b_step = (_e77 != 0u) ? 1u : _e73;
    uint _e83 = dims.k;
    uint _e87 = dims.ta;
    at_a = ((_e87 != 0u) ? i_1 : (i_1 * _e83)) + metal::uint4(_e60.x * a_step);
    uint _e98 = dims.k;
    uint _e102 = dims.tb;
    at_b = ((_e102 != 0u) ? (j_1 * _e98) : j_1) + metal::uint4(_e60.x * b_step);
    p = _e60.x;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e192 = p;
            p = _e192 + 1u;
        }
        loop_init = false;
        uint _e123 = p;
        if (_e123 < _e60.y) {
        } else {
            break;
        }
        {
            uint _e128 = at_a.x;
            float _e130 = a_1[metal::min(unsigned(_e128), (_buffer_sizes.size3 - 0 - 4) / 4)];
            uint _e133 = at_a.y;
            float _e135 = a_1[metal::min(unsigned(_e133), (_buffer_sizes.size3 - 0 - 4) / 4)];
            uint _e138 = at_a.z;
            float _e140 = a_1[metal::min(unsigned(_e138), (_buffer_sizes.size3 - 0 - 4) / 4)];
            uint _e143 = at_a.w;
            float _e145 = a_1[metal::min(unsigned(_e143), (_buffer_sizes.size3 - 0 - 4) / 4)];
            metal::float4 x_3 = metal::float4(_e130, _e135, _e140, _e145);
            uint _e149 = at_b.x;
            float _e151 = b_1[metal::min(unsigned(_e149), (_buffer_sizes.size4 - 0 - 4) / 4)];
            uint _e154 = at_b.y;
            float _e156 = b_1[metal::min(unsigned(_e154), (_buffer_sizes.size4 - 0 - 4) / 4)];
            uint _e159 = at_b.z;
            float _e161 = b_1[metal::min(unsigned(_e159), (_buffer_sizes.size4 - 0 - 4) / 4)];
            uint _e164 = at_b.w;
            float _e166 = b_1[metal::min(unsigned(_e164), (_buffer_sizes.size4 - 0 - 4) / 4)];
            metal::float4 y_2 = metal::float4(_e151, _e156, _e161, _e166);
            metal::float4 _e168 = c0_;
            c0_ = _e168 + (x_3.x * y_2);
            metal::float4 _e172 = c1_;
            c1_ = _e172 + (x_3.y * y_2);
            metal::float4 _e176 = c2_;
            c2_ = _e176 + (x_3.z * y_2);
            metal::float4 _e180 = c3_;
            c3_ = _e180 + (x_3.w * y_2);
            metal::float4 _e184 = sums;
            sums = _e184 + x_3;
            metal::uint4 _e186 = at_a;
            at_a = _e186 + metal::uint4(a_step);
            metal::uint4 _e189 = at_b;
            at_b = _e189 + metal::uint4(b_step);
        }
    }
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e282 = q;
            q = _e282 + 1u;
        }
        loop_init_1 = false;
        uint _e197 = q;
        if (_e197 < 4u) {
        } else {
            break;
        }
        {
            uint _e201 = q;
            uint _e204 = q;
            float _e206 = c0_[metal::min(unsigned(_e204), 3u)];
            store_element(row, col + (8u * _e201), _e206, group.z, groups.z, dims, e, c, _buffer_sizes);
            uint _e212 = q;
            uint _e215 = q;
            float _e217 = c1_[metal::min(unsigned(_e215), 3u)];
            store_element(row + 8u, col + (8u * _e212), _e217, group.z, groups.z, dims, e, c, _buffer_sizes);
            uint _e223 = q;
            uint _e226 = q;
            float _e228 = c2_[metal::min(unsigned(_e226), 3u)];
            store_element(row + 16u, col + (8u * _e223), _e228, group.z, groups.z, dims, e, c, _buffer_sizes);
            uint _e234 = q;
            uint _e237 = q;
            float _e239 = c3_[metal::min(unsigned(_e237), 3u)];
            store_element(row + 24u, col + (8u * _e234), _e239, group.z, groups.z, dims, e, c, _buffer_sizes);
            uint _e244 = dims.sums;
            if (_e244 != 0u) {
                local = col == 0u;
            } else {
                local = false;
            }
            bool _e252 = local;
            if (_e252) {
                uint _e256 = q;
                uint _e261 = dims.m;
                local_1 = (row + (8u * _e256)) < _e261;
            } else {
                local_1 = false;
            }
            bool _e264 = local_1;
            if (_e264) {
                uint _e267 = words(dims);
                uint _e271 = dims.sums;
                uint _e275 = q;
                uint _e279 = q;
                float _e281 = sums[metal::min(unsigned(_e279), 3u)];
                c[metal::min(unsigned((((group.z * _e267) + _e271) + row) + (8u * _e275)), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e281;
            }
        }
    }
    return;
}
