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
typedef metal::float4 type_7[1];
struct type_8 {
    float inner[1040];
};
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;
constant uint TILE_ROWS = 64u;
constant uint TILE_COLS = 64u;

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
    float sum_1,
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
    y_1 = sum_1;
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

uint height(
    constant Dims& dims
) {
    uint _e2 = dims.m;
    return _e2;
}

uint width(
    constant Dims& dims
) {
    uint _e2 = dims.n;
    return _e2;
}

uint batches(
) {
    return 1u;
}

uint terms(
    constant Dims& dims
) {
    uint _e2 = dims.k;
    return _e2;
}

uint row_of(
    uint g,
    uint i_1,
    constant Dims& dims
) {
    uint _e4 = dims.m;
    return metal::min(i_1, _e4 - 4u);
}

uint col_of(
    uint g_1,
    uint j_1,
    constant Dims& dims
) {
    uint _e4 = dims.n;
    return metal::min(j_1, _e4 - 4u);
}

uint term_of(
    uint p_1
) {
    return p_1;
}

uint at_a(
    uint i_2,
    uint p_2,
    constant Dims& dims
) {
    uint _e4 = dims.m;
    return (p_2 * _e4) + i_2;
}

uint at_b(
    uint j_2,
    uint p_3,
    constant Dims& dims
) {
    uint _e4 = dims.n;
    return (p_3 * _e4) + j_2;
}

metal::float4 load_a4_(
    uint g_2,
    uint i_3,
    uint p_4,
    uint last,
    constant Dims& dims,
    device type_7 const& a_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    if (p_4 >= last) {
        return metal::float4 {};
    }
    uint _e7 = at_a(i_3, p_4, dims);
    metal::float4 _e11 = a_1[metal::min(unsigned(naga_div(_e7, 4u)), (_buffer_sizes.size3 - 0 - 16) / 16)];
    return _e11;
}

metal::float4 load_b4_(
    uint g_3,
    uint i_4,
    uint p_5,
    uint last_1,
    constant Dims& dims,
    device type_7 const& b_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    if (p_5 >= last_1) {
        return metal::float4 {};
    }
    uint _e7 = at_b(i_4, p_5, dims);
    metal::float4 _e11 = b_1[metal::min(unsigned(naga_div(_e7, 4u)), (_buffer_sizes.size4 - 0 - 16) / 16)];
    return _e11;
}

void store(
    uint g_4,
    uint i_5,
    uint j_3,
    float sum_2,
    uint part_2,
    uint parts_2,
    constant Dims& dims,
    device type_5 const& e,
    device type_5& c,
    constant _mslBufferSizes& _buffer_sizes
) {
    store_element(i_5, j_3, sum_2, part_2, parts_2, dims, e, c, _buffer_sizes);
    return;
}

void store_sum(
    uint g_5,
    uint i_6,
    float sum_3,
    uint part_3,
    constant Dims& dims,
    device type_5& c,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_5 = {};
    uint _e6 = dims.sums;
    if (_e6 != 0u) {
        uint _e13 = dims.m;
        local_5 = i_6 < _e13;
    } else {
        local_5 = false;
    }
    bool _e16 = local_5;
    if (_e16) {
        uint _e18 = words(dims);
        uint _e22 = dims.sums;
        c[metal::min(unsigned(((part_3 * _e18) + _e22) + i_6), (_buffer_sizes.size2 - 0 - 4) / 4)] = sum_3;
        return;
    } else {
        return;
    }
}
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(256)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& e [[buffer(3)]]
, device type_5& c [[buffer(4)]]
, device type_7 const& a_1 [[buffer(1)]]
, device type_7 const& b_1 [[buffer(2)]]
, threadgroup type_8& tile_a
, threadgroup type_8& tile_b
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    if (lane == 0u) {
        tile_a = {};
        tile_b = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float4 c0_0_ = metal::float4 {};
    metal::float4 c1_0_ = metal::float4 {};
    metal::float4 c2_0_ = metal::float4 {};
    metal::float4 c3_0_ = metal::float4 {};
    float sum = 0.0;
    uint p = {};
    uint d = {};
    bool local = {};
    uint d_1 = {};
    bool local_1 = {};
    uint _e3 = height(dims);
    uint down = naga_div((_e3 + TILE_ROWS) - 1u, TILE_ROWS);
    uint _e10 = width(dims);
    uint sideways = naga_div((_e10 + TILE_COLS) - 1u, TILE_COLS);
    uint _e17 = group_index(group, groups);
    uint g_6 = naga_div(_e17, sideways * down);
    uint _e20 = batches();
    if (g_6 >= _e20) {
        return;
    }
    uint row0_ = naga_mod(naga_div(_e17, sideways), down) * TILE_ROWS;
    uint col0_ = naga_mod(_e17, sideways) * TILE_COLS;
    uint _e29 = terms(dims);
    uint chunk_1 = naga_div(naga_div((_e29 + groups.z) - 1u, groups.z) + 3u, 4u) * 4u;
    uint _e44 = terms(dims);
    uint first = metal::min(group.z * chunk_1, _e44);
    uint _e47 = terms(dims);
    uint last_2 = metal::min(first + chunk_1, _e47);
    uint a_at0_ = naga_mod(lane, 16u) * 4u;
    uint a_d0_ = naga_div(lane, 16u) + 0u;
    uint _e58 = row_of(g_6, row0_ + a_at0_, dims);
    uint b_at0_ = naga_mod(lane, 16u) * 4u;
    uint b_d0_ = naga_div(lane, 16u) + 0u;
    uint _e68 = col_of(g_6, col0_ + b_at0_, dims);
    uint tx = naga_mod(lane, 16u);
    uint ty = naga_div(lane, 16u) * 4u;
    p = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e254 = p;
            p = _e254 + 16u;
        }
        loop_init = false;
        uint _e86 = p;
        if (_e86 < last_2) {
        } else {
            break;
        }
        {
            {
                uint _e88 = p;
                uint _e90 = term_of(_e88 + a_d0_);
                metal::float4 _e91 = load_a4_(g_6, _e58, _e90, last_2, dims, a_1, _buffer_sizes);
                tile_a.inner[metal::min(unsigned(((a_d0_ * 65u) + a_at0_) + 0u), 1039u)] = _e91.x;
                tile_a.inner[metal::min(unsigned(((a_d0_ * 65u) + a_at0_) + 1u), 1039u)] = _e91.y;
                tile_a.inner[metal::min(unsigned(((a_d0_ * 65u) + a_at0_) + 2u), 1039u)] = _e91.z;
                tile_a.inner[metal::min(unsigned(((a_d0_ * 65u) + a_at0_) + 3u), 1039u)] = _e91.w;
            }
            {
                uint _e124 = p;
                uint _e126 = term_of(_e124 + b_d0_);
                metal::float4 _e127 = load_b4_(g_6, _e68, _e126, last_2, dims, b_1, _buffer_sizes);
                tile_b.inner[metal::min(unsigned(((b_d0_ * 65u) + b_at0_) + 0u), 1039u)] = _e127.x;
                tile_b.inner[metal::min(unsigned(((b_d0_ * 65u) + b_at0_) + 1u), 1039u)] = _e127.y;
                tile_b.inner[metal::min(unsigned(((b_d0_ * 65u) + b_at0_) + 2u), 1039u)] = _e127.z;
                tile_b.inner[metal::min(unsigned(((b_d0_ * 65u) + b_at0_) + 3u), 1039u)] = _e127.w;
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            d = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e226 = d;
                    d = _e226 + 1u;
                }
                loop_init_1 = false;
                uint _e162 = d;
                if (_e162 < 16u) {
                } else {
                    break;
                }
                {
                    uint _e165 = d;
                    uint at_a_1 = (_e165 * 65u) + ty;
                    uint _e169 = d;
                    uint at_b_1 = (_e169 * 65u) + tx;
                    float _e177 = tile_b.inner[metal::min(unsigned(at_b_1 + 0u), 1039u)];
                    float _e182 = tile_b.inner[metal::min(unsigned(at_b_1 + 16u), 1039u)];
                    float _e187 = tile_b.inner[metal::min(unsigned(at_b_1 + 32u), 1039u)];
                    float _e192 = tile_b.inner[metal::min(unsigned(at_b_1 + 48u), 1039u)];
                    metal::float4 b0_ = metal::float4(_e177, _e182, _e187, _e192);
                    float a0_ = tile_a.inner[metal::min(unsigned(at_a_1 + 0u), 1039u)];
                    metal::float4 _e199 = c0_0_;
                    c0_0_ = _e199 + (a0_ * b0_);
                    float a1_ = tile_a.inner[metal::min(unsigned(at_a_1 + 1u), 1039u)];
                    metal::float4 _e207 = c1_0_;
                    c1_0_ = _e207 + (a1_ * b0_);
                    float a2_ = tile_a.inner[metal::min(unsigned(at_a_1 + 2u), 1039u)];
                    metal::float4 _e215 = c2_0_;
                    c2_0_ = _e215 + (a2_ * b0_);
                    float a3_ = tile_a.inner[metal::min(unsigned(at_a_1 + 3u), 1039u)];
                    metal::float4 _e223 = c3_0_;
                    c3_0_ = _e223 + (a3_ * b0_);
                }
            }
            if (col0_ == 0u) {
                local = lane < TILE_ROWS;
            } else {
                local = false;
            }
            bool _e236 = local;
            if (_e236) {
                d_1 = 0u;
                uint2 loop_bound_2 = uint2(4294967295u);
                bool loop_init_2 = true;
                while(true) {
                    if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                    loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                    if (!loop_init_2) {
                        uint _e251 = d_1;
                        d_1 = _e251 + 1u;
                    }
                    loop_init_2 = false;
                    uint _e239 = d_1;
                    if (_e239 < 16u) {
                    } else {
                        break;
                    }
                    {
                        float _e242 = sum;
                        uint _e244 = d_1;
                        float _e249 = tile_a.inner[metal::min(unsigned((_e244 * 65u) + lane), 1039u)];
                        sum = _e242 + _e249;
                    }
                }
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
        }
    }
    float _e264 = c0_0_.x;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 0u, _e264, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e274 = c0_0_.y;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 16u, _e274, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e284 = c0_0_.z;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 32u, _e284, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e294 = c0_0_.w;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 48u, _e294, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e304 = c1_0_.x;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 0u, _e304, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e314 = c1_0_.y;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 16u, _e314, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e324 = c1_0_.z;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 32u, _e324, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e334 = c1_0_.w;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 48u, _e334, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e344 = c2_0_.x;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 0u, _e344, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e354 = c2_0_.y;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 16u, _e354, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e364 = c2_0_.z;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 32u, _e364, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e374 = c2_0_.w;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 48u, _e374, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e384 = c3_0_.x;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 0u, _e384, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e394 = c3_0_.y;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 16u, _e394, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e404 = c3_0_.z;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 32u, _e404, group.z, groups.z, dims, e, c, _buffer_sizes);
    float _e414 = c3_0_.w;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 48u, _e414, group.z, groups.z, dims, e, c, _buffer_sizes);
    if (col0_ == 0u) {
        local_1 = lane < TILE_ROWS;
    } else {
        local_1 = false;
    }
    bool _e424 = local_1;
    if (_e424) {
        float _e426 = sum;
        store_sum(g_6, row0_ + lane, _e426, group.z, dims, c, _buffer_sizes);
        return;
    } else {
        return;
    }
}
