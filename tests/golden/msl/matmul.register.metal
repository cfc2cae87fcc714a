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
typedef metal::float4 type_7[1];
typedef float type_8[1];
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;
constant uint TILE_ROWS = 8u;
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
    uint q = near + static_cast<uint>(naga_f2i32(metal::floor((rest + 0.5) * per_b)));
    int over = static_cast<int>(a - (q * b));
    return (q + ((over >= static_cast<int>(b)) ? 1u : 0u)) - ((over < 0) ? 1u : 0u);
}

float relu(
    float x_2
) {
    bool local_1 = {};
    uint bits = as_type<uint>(x_2);
    if (bits > 2147483648u) {
        local_1 = bits <= 4286578688u;
    } else {
        local_1 = false;
    }
    bool _e9 = local_1;
    return _e9 ? 0.0 : x_2;
}

float masked(
    float y,
    float dy
) {
    bool local_2 = {};
    uint bits_1 = as_type<uint>(y);
    if ((bits_1 - 1u) >= 2147483647u) {
        local_2 = bits_1 <= 4286578688u;
    } else {
        local_2 = false;
    }
    bool _e12 = local_2;
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

metal::float2 relu2_(
    metal::float2 x_3
) {
    metal::uint2 bits_2 = as_type<metal::uint2>(x_3);
    return metal::select(x_3, metal::float2 {}, (bits_2 > metal::uint2(2147483648u)) & (bits_2 <= metal::uint2(4286578688u)));
}

metal::float2 masked2_(
    metal::float2 y_1,
    metal::float2 dy_1
) {
    metal::uint2 bits_3 = as_type<metal::uint2>(y_1);
    return metal::select(dy_1, metal::float2 {}, ((bits_3 - metal::uint2(1u)) >= metal::uint2(2147483647u)) & (bits_3 <= metal::uint2(4286578688u)));
}

metal::float4 relu4_(
    metal::float4 x_4
) {
    metal::uint4 bits_4 = as_type<metal::uint4>(x_4);
    return metal::select(x_4, metal::float4 {}, (bits_4 > metal::uint4(2147483648u)) & (bits_4 <= metal::uint4(4286578688u)));
}

metal::float4 masked4_(
    metal::float4 y_2,
    metal::float4 dy_2
) {
    metal::uint4 bits_5 = as_type<metal::uint4>(y_2);
    return metal::select(dy_2, metal::float4 {}, ((bits_5 - metal::uint4(1u)) >= metal::uint4(2147483647u)) & (bits_5 <= metal::uint4(4286578688u)));
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}

float word_a(
    uint i_1,
    device type_7 const& a_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    float _e8 = a_1[metal::min(unsigned(naga_div(i_1, 4u)), (_buffer_sizes.size1 - 0 - 16) / 16)][metal::min(unsigned(naga_mod(i_1, 4u)), 3u)];
    return _e8;
}

float word_b(
    uint i_2,
    device type_7 const& b_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    float _e8 = b_1[metal::min(unsigned(naga_div(i_2, 4u)), (_buffer_sizes.size2 - 0 - 16) / 16)][metal::min(unsigned(naga_mod(i_2, 4u)), 3u)];
    return _e8;
}

uint at_a(
    uint i_3,
    uint p_2,
    constant Dims& dims
) {
    uint _e4 = dims.k;
    return (i_3 * _e4) + p_2;
}

uint at_b(
    uint p_3,
    uint j,
    constant Dims& dims
) {
    uint _e4 = dims.n;
    return (p_3 * _e4) + j;
}

void store_sum(
    uint at,
    float sum_1,
    device type_7& c,
    constant _mslBufferSizes& _buffer_sizes
) {
    c[metal::min(unsigned(naga_div(at, 4u)), (_buffer_sizes.size4 - 0 - 16) / 16)][metal::min(unsigned(naga_mod(at, 4u)), 3u)] = sum_1;
    return;
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(8)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_7 const& a_1 [[buffer(1)]]
, device type_7 const& b_1 [[buffer(2)]]
, device type_7& c [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    metal::float4 c0_0_ = metal::float4 {};
    metal::float4 c1_0_ = metal::float4 {};
    metal::float4 c2_0_ = metal::float4 {};
    metal::float4 c3_0_ = metal::float4 {};
    metal::float4 c4_0_ = metal::float4 {};
    metal::float4 c5_0_ = metal::float4 {};
    metal::float4 c6_0_ = metal::float4 {};
    metal::float4 c7_0_ = metal::float4 {};
    uint p = {};
    bool local = {};
    uint i = {};
    float sum = {};
    uint p_1 = {};
    uint _e3 = group_index(group, groups);
    uint _e6 = dims.n;
    uint across = naga_div((_e6 + TILE_COLS) - 1u, TILE_COLS);
    uint row0_ = naga_div(_e3, across) * TILE_ROWS;
    uint col0_ = naga_mod(_e3, across) * TILE_COLS;
    uint _e21 = dims.m;
    if (row0_ >= _e21) {
        return;
    }
    metal::uint2 _e25 = terms_of(group.z, groups.z, dims);
    uint whole = _e25.x + (naga_div(_e25.y - _e25.x, 4u) * 4u);
    uint _e40 = dims.m;
    uint my_row0_ = metal::min((row0_ + 0u) + lane, _e40 - 1u);
    uint _e46 = dims.k;
    uint quad0_ = my_row0_ * naga_div(_e46, 4u);
    uint first0_ = col0_ + (4u * (lane + 0u));
    uint _e59 = dims.n;
    uint col0_0_ = metal::min(first0_ + 0u, _e59 - 1u);
    uint _e67 = dims.n;
    uint col0_1_ = metal::min(first0_ + 1u, _e67 - 1u);
    uint _e75 = dims.n;
    uint col0_2_ = metal::min(first0_ + 2u, _e75 - 1u);
    uint _e83 = dims.n;
    uint col0_3_ = metal::min(first0_ + 3u, _e83 - 1u);
    uint _e91 = dims.n;
    uint quad_b0_ = metal::min(naga_div(first0_, 4u), naga_div(_e91, 4u) - 1u);
    p = _e25.x;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e368 = p;
            p = _e368 + 4u;
        }
        loop_init = false;
        uint _e115 = p;
        if (_e115 < whole) {
        } else {
            break;
        }
        {
            uint _e118 = p;
            metal::float4 a0_ = a_1[metal::min(unsigned(quad0_ + naga_div(_e118, 4u)), (_buffer_sizes.size1 - 0 - 16) / 16)];
            uint _e125 = p;
            uint _e130 = dims.n;
            metal::float4 b0_0_ = b_1[metal::min(unsigned(((_e125 + 0u) * naga_div(_e130, 4u)) + quad_b0_), (_buffer_sizes.size2 - 0 - 16) / 16)];
            uint _e138 = p;
            uint _e143 = dims.n;
            metal::float4 b1_0_ = b_1[metal::min(unsigned(((_e138 + 1u) * naga_div(_e143, 4u)) + quad_b0_), (_buffer_sizes.size2 - 0 - 16) / 16)];
            uint _e151 = p;
            uint _e156 = dims.n;
            metal::float4 b2_0_ = b_1[metal::min(unsigned(((_e151 + 2u) * naga_div(_e156, 4u)) + quad_b0_), (_buffer_sizes.size2 - 0 - 16) / 16)];
            uint _e164 = p;
            uint _e169 = dims.n;
            metal::float4 b3_0_ = b_1[metal::min(unsigned(((_e164 + 3u) * naga_div(_e169, 4u)) + quad_b0_), (_buffer_sizes.size2 - 0 - 16) / 16)];
            {
                float unnamed = metal::simd_broadcast(a0_.x, 0u);
                float unnamed_1 = metal::simd_broadcast(a0_.y, 0u);
                float unnamed_2 = metal::simd_broadcast(a0_.z, 0u);
                float unnamed_3 = metal::simd_broadcast(a0_.w, 0u);
                metal::float4 _e188 = c0_0_;
                c0_0_ = _e188 + (unnamed * b0_0_);
                metal::float4 _e191 = c0_0_;
                c0_0_ = _e191 + (unnamed_1 * b1_0_);
                metal::float4 _e194 = c0_0_;
                c0_0_ = _e194 + (unnamed_2 * b2_0_);
                metal::float4 _e197 = c0_0_;
                c0_0_ = _e197 + (unnamed_3 * b3_0_);
            }
            {
                float unnamed_4 = metal::simd_broadcast(a0_.x, 1u);
                float unnamed_5 = metal::simd_broadcast(a0_.y, 1u);
                float unnamed_6 = metal::simd_broadcast(a0_.z, 1u);
                float unnamed_7 = metal::simd_broadcast(a0_.w, 1u);
                metal::float4 _e212 = c1_0_;
                c1_0_ = _e212 + (unnamed_4 * b0_0_);
                metal::float4 _e215 = c1_0_;
                c1_0_ = _e215 + (unnamed_5 * b1_0_);
                metal::float4 _e218 = c1_0_;
                c1_0_ = _e218 + (unnamed_6 * b2_0_);
                metal::float4 _e221 = c1_0_;
                c1_0_ = _e221 + (unnamed_7 * b3_0_);
            }
            {
                float unnamed_8 = metal::simd_broadcast(a0_.x, 2u);
                float unnamed_9 = metal::simd_broadcast(a0_.y, 2u);
                float unnamed_10 = metal::simd_broadcast(a0_.z, 2u);
                float unnamed_11 = metal::simd_broadcast(a0_.w, 2u);
                metal::float4 _e236 = c2_0_;
                c2_0_ = _e236 + (unnamed_8 * b0_0_);
                metal::float4 _e239 = c2_0_;
                c2_0_ = _e239 + (unnamed_9 * b1_0_);
                metal::float4 _e242 = c2_0_;
                c2_0_ = _e242 + (unnamed_10 * b2_0_);
                metal::float4 _e245 = c2_0_;
                c2_0_ = _e245 + (unnamed_11 * b3_0_);
            }
            {
                float unnamed_12 = metal::simd_broadcast(a0_.x, 3u);
                float unnamed_13 = metal::simd_broadcast(a0_.y, 3u);
                float unnamed_14 = metal::simd_broadcast(a0_.z, 3u);
                float unnamed_15 = metal::simd_broadcast(a0_.w, 3u);
                metal::float4 _e260 = c3_0_;
                c3_0_ = _e260 + (unnamed_12 * b0_0_);
                metal::float4 _e263 = c3_0_;
                c3_0_ = _e263 + (unnamed_13 * b1_0_);
                metal::float4 _e266 = c3_0_;
                c3_0_ = _e266 + (unnamed_14 * b2_0_);
                metal::float4 _e269 = c3_0_;
                c3_0_ = _e269 + (unnamed_15 * b3_0_);
            }
            {
                float unnamed_16 = metal::simd_broadcast(a0_.x, 4u);
                float unnamed_17 = metal::simd_broadcast(a0_.y, 4u);
                float unnamed_18 = metal::simd_broadcast(a0_.z, 4u);
                float unnamed_19 = metal::simd_broadcast(a0_.w, 4u);
                metal::float4 _e284 = c4_0_;
                c4_0_ = _e284 + (unnamed_16 * b0_0_);
                metal::float4 _e287 = c4_0_;
                c4_0_ = _e287 + (unnamed_17 * b1_0_);
                metal::float4 _e290 = c4_0_;
                c4_0_ = _e290 + (unnamed_18 * b2_0_);
                metal::float4 _e293 = c4_0_;
                c4_0_ = _e293 + (unnamed_19 * b3_0_);
            }
            {
                float unnamed_20 = metal::simd_broadcast(a0_.x, 5u);
                float unnamed_21 = metal::simd_broadcast(a0_.y, 5u);
                float unnamed_22 = metal::simd_broadcast(a0_.z, 5u);
                float unnamed_23 = metal::simd_broadcast(a0_.w, 5u);
                metal::float4 _e308 = c5_0_;
                c5_0_ = _e308 + (unnamed_20 * b0_0_);
                metal::float4 _e311 = c5_0_;
                c5_0_ = _e311 + (unnamed_21 * b1_0_);
                metal::float4 _e314 = c5_0_;
                c5_0_ = _e314 + (unnamed_22 * b2_0_);
                metal::float4 _e317 = c5_0_;
                c5_0_ = _e317 + (unnamed_23 * b3_0_);
            }
            {
                float unnamed_24 = metal::simd_broadcast(a0_.x, 6u);
                float unnamed_25 = metal::simd_broadcast(a0_.y, 6u);
                float unnamed_26 = metal::simd_broadcast(a0_.z, 6u);
                float unnamed_27 = metal::simd_broadcast(a0_.w, 6u);
                metal::float4 _e332 = c6_0_;
                c6_0_ = _e332 + (unnamed_24 * b0_0_);
                metal::float4 _e335 = c6_0_;
                c6_0_ = _e335 + (unnamed_25 * b1_0_);
                metal::float4 _e338 = c6_0_;
                c6_0_ = _e338 + (unnamed_26 * b2_0_);
                metal::float4 _e341 = c6_0_;
                c6_0_ = _e341 + (unnamed_27 * b3_0_);
            }
            {
                float unnamed_28 = metal::simd_broadcast(a0_.x, 7u);
                float unnamed_29 = metal::simd_broadcast(a0_.y, 7u);
                float unnamed_30 = metal::simd_broadcast(a0_.z, 7u);
                float unnamed_31 = metal::simd_broadcast(a0_.w, 7u);
                metal::float4 _e356 = c7_0_;
                c7_0_ = _e356 + (unnamed_28 * b0_0_);
                metal::float4 _e359 = c7_0_;
                c7_0_ = _e359 + (unnamed_29 * b1_0_);
                metal::float4 _e362 = c7_0_;
                c7_0_ = _e362 + (unnamed_30 * b2_0_);
                metal::float4 _e365 = c7_0_;
                c7_0_ = _e365 + (unnamed_31 * b3_0_);
            }
        }
    }
    uint _e372 = words(dims);
    uint base = group.z * _e372;
    uint _e378 = dims.m;
    if ((row0_ + 0u) < _e378) {
        uint _e382 = dims.n;
        if (first0_ < _e382) {
            uint _e388 = dims.n;
            uint at_1 = naga_div(((row0_ + 0u) * _e388) + first0_, 4u);
            metal::float4 _e398 = c0_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_1), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e398;
        }
    }
    uint _e403 = dims.m;
    if ((row0_ + 1u) < _e403) {
        uint _e407 = dims.n;
        if (first0_ < _e407) {
            uint _e413 = dims.n;
            uint at_2 = naga_div(((row0_ + 1u) * _e413) + first0_, 4u);
            metal::float4 _e423 = c1_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_2), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e423;
        }
    }
    uint _e428 = dims.m;
    if ((row0_ + 2u) < _e428) {
        uint _e432 = dims.n;
        if (first0_ < _e432) {
            uint _e438 = dims.n;
            uint at_3 = naga_div(((row0_ + 2u) * _e438) + first0_, 4u);
            metal::float4 _e448 = c2_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_3), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e448;
        }
    }
    uint _e453 = dims.m;
    if ((row0_ + 3u) < _e453) {
        uint _e457 = dims.n;
        if (first0_ < _e457) {
            uint _e463 = dims.n;
            uint at_4 = naga_div(((row0_ + 3u) * _e463) + first0_, 4u);
            metal::float4 _e473 = c3_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_4), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e473;
        }
    }
    uint _e478 = dims.m;
    if ((row0_ + 4u) < _e478) {
        uint _e482 = dims.n;
        if (first0_ < _e482) {
            uint _e488 = dims.n;
            uint at_5 = naga_div(((row0_ + 4u) * _e488) + first0_, 4u);
            metal::float4 _e498 = c4_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_5), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e498;
        }
    }
    uint _e503 = dims.m;
    if ((row0_ + 5u) < _e503) {
        uint _e507 = dims.n;
        if (first0_ < _e507) {
            uint _e513 = dims.n;
            uint at_6 = naga_div(((row0_ + 5u) * _e513) + first0_, 4u);
            metal::float4 _e523 = c5_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_6), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e523;
        }
    }
    uint _e528 = dims.m;
    if ((row0_ + 6u) < _e528) {
        uint _e532 = dims.n;
        if (first0_ < _e532) {
            uint _e538 = dims.n;
            uint at_7 = naga_div(((row0_ + 6u) * _e538) + first0_, 4u);
            metal::float4 _e548 = c6_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_7), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e548;
        }
    }
    uint _e553 = dims.m;
    if ((row0_ + 7u) < _e553) {
        uint _e557 = dims.n;
        if (first0_ < _e557) {
            uint _e563 = dims.n;
            uint at_8 = naga_div(((row0_ + 7u) * _e563) + first0_, 4u);
            metal::float4 _e573 = c7_0_;
            c[metal::min(unsigned(naga_div(base, 4u) + at_8), (_buffer_sizes.size4 - 0 - 16) / 16)] = _e573;
        }
    }
    uint _e576 = dims.sums;
    if (_e576 != 0u) {
        local = col0_ == 0u;
    } else {
        local = false;
    }
    bool _e584 = local;
    if (_e584) {
        i = row0_ + lane;
        uint2 loop_bound_1 = uint2(4294967295u);
        bool loop_init_1 = true;
        while(true) {
            if (metal::all(loop_bound_1 == uint2(0u))) { break; }
            loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
            if (!loop_init_1) {
                uint _e618 = i;
                i = _e618 + 8u;
            }
            loop_init_1 = false;
            uint _e587 = i;
            uint _e592 = dims.m;
            if (_e587 < metal::min(row0_ + TILE_ROWS, _e592)) {
            } else {
                break;
            }
            {
                sum = 0.0;
                p_1 = _e25.x;
                uint2 loop_bound_2 = uint2(4294967295u);
                bool loop_init_2 = true;
                while(true) {
                    if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                    loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                    if (!loop_init_2) {
                        uint _e608 = p_1;
                        p_1 = _e608 + 1u;
                    }
                    loop_init_2 = false;
                    uint _e599 = p_1;
                    if (_e599 < _e25.y) {
                    } else {
                        break;
                    }
                    {
                        float _e602 = sum;
                        uint _e603 = i;
                        uint _e604 = p_1;
                        uint _e605 = at_a(_e603, _e604, dims);
                        float _e606 = word_a(_e605, a_1, _buffer_sizes);
                        sum = _e602 + _e606;
                    }
                }
                uint _e613 = dims.sums;
                uint _e615 = i;
                float _e617 = sum;
                store_sum((base + _e613) + _e615, _e617, c, _buffer_sizes);
            }
        }
        return;
    } else {
        return;
    }
}
