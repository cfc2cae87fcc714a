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
    uint n;
    uint c;
    uint h;
    uint w;
    uint o;
    uint oh;
    uint ow;
    uint kh;
    uint kw;
    uint stride_h;
    uint stride_w;
    uint padding_h;
    uint padding_w;
    uint dilation_h;
    uint dilation_w;
    uint groups;
    uint epilogue;
    uint sums;
};
typedef float type_5[1];
struct Tap {
    uint channel;
    int down;
    int right;
};
struct Term {
    uint image;
    uint pixel;
    int top;
    int left;
};
struct type_6 {
    float inner[1040];
};
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

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint weight_words(
    constant Dims& dims
) {
    uint _e2 = dims.o;
    uint _e5 = dims.c;
    uint _e8 = dims.groups;
    uint _e13 = dims.kh;
    uint _e17 = dims.kw;
    uint _e21 = dims.sums;
    uint _e24 = dims.o;
    uint _e28 = dims.sums;
    return (_e28 != 0u) ? (_e21 + _e24) : (((_e2 * naga_div(_e5, _e8)) * _e13) * _e17);
}

uint group_c(
    constant Dims& dims
) {
    uint _e2 = dims.c;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint height(
    constant Dims& dims
) {
    uint _e2 = dims.o;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint width(
    constant Dims& dims
) {
    uint _e0 = group_c(dims);
    return _e0 * 1u;
}

uint batches(
    constant Dims& dims
) {
    uint _e2 = dims.groups;
    return _e2;
}

uint terms(
    constant Dims& dims
) {
    uint _e2 = dims.n;
    uint _e5 = dims.oh;
    uint _e9 = dims.ow;
    return (_e2 * _e5) * _e9;
}

uint row_of(
    uint g,
    uint i,
    constant Dims& dims
) {
    uint _e2 = height(dims);
    uint _e4 = height(dims);
    return (g * _e2) + metal::min(i, _e4 - 1u);
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}

Tap col_of(
    uint g_1,
    uint j,
    constant Dims& dims
) {
    uint _e2 = width(dims);
    uint at_1 = metal::min(j, _e2 - 1u);
    uint tap = naga_mod(at_1, 1u);
    uint _e8 = group_c(dims);
    uint _e17 = dims.dilation_h;
    uint _e22 = dims.padding_h;
    uint _e29 = dims.dilation_w;
    uint _e34 = dims.padding_w;
    return Tap {(g_1 * _e8) + naga_div(at_1, 1u), as_type<int>(as_type<uint>(static_cast<int>(naga_div(tap, 1u) * _e17)) - as_type<uint>(static_cast<int>(_e22))), as_type<int>(as_type<uint>(static_cast<int>(naga_mod(tap, 1u) * _e29)) - as_type<uint>(static_cast<int>(_e34)))};
}

Term term_of(
    uint p_1,
    constant Dims& dims
) {
    uint _e3 = dims.oh;
    uint _e6 = dims.ow;
    uint pixel = naga_mod(p_1, _e3 * _e6);
    uint _e11 = dims.oh;
    uint _e14 = dims.ow;
    uint _e19 = dims.ow;
    uint _e23 = dims.stride_h;
    uint _e28 = dims.ow;
    uint _e32 = dims.stride_w;
    return Term {naga_div(p_1, _e11 * _e14), pixel, static_cast<int>(naga_div(pixel, _e19) * _e23), static_cast<int>(naga_mod(pixel, _e28) * _e32)};
}

float load_a(
    uint g_2,
    uint row,
    Term t,
    constant Dims& dims,
    device type_5 const& dy,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e7 = dims.o;
    uint _e12 = dims.oh;
    uint _e16 = dims.ow;
    float _e21 = dy[metal::min(unsigned(((((t.image * _e7) + row) * _e12) * _e16) + t.pixel), (_buffer_sizes.size1 - 0 - 4) / 4)];
    return _e21;
}

float load_b(
    uint g_3,
    Tap at,
    Term t_1,
    constant Dims& dims,
    device type_5 const& x_2,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    int iy = as_type<int>(as_type<uint>(t_1.top) + as_type<uint>(at.down));
    int ix = as_type<int>(as_type<uint>(t_1.left) + as_type<uint>(at.right));
    if (!((iy < 0))) {
        uint _e16 = dims.h;
        local_2 = iy >= static_cast<int>(_e16);
    } else {
        local_2 = true;
    }
    bool _e20 = local_2;
    if (!(_e20)) {
        local_3 = ix < 0;
    } else {
        local_3 = true;
    }
    bool _e27 = local_3;
    if (!(_e27)) {
        uint _e33 = dims.w;
        local_4 = ix >= static_cast<int>(_e33);
    } else {
        local_4 = true;
    }
    bool _e37 = local_4;
    if (_e37) {
        return 0.0;
    }
    uint _e43 = dims.c;
    uint _e49 = dims.h;
    uint _e55 = dims.w;
    float _e60 = x_2[metal::min(unsigned((((((t_1.image * _e43) + at.channel) * _e49) + static_cast<uint>(iy)) * _e55) + static_cast<uint>(ix)), (_buffer_sizes.size2 - 0 - 4) / 4)];
    return _e60;
}

void store(
    uint g_4,
    uint i_1,
    uint j_1,
    float sum_1,
    uint part,
    uint parts,
    constant Dims& dims,
    device type_5& dw,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_5 = {};
    uint _e6 = height(dims);
    if (i_1 < _e6) {
        uint _e10 = width(dims);
        local_5 = j_1 < _e10;
    } else {
        local_5 = false;
    }
    bool _e13 = local_5;
    if (_e13) {
        uint _e15 = weight_words(dims);
        uint _e17 = height(dims);
        uint _e20 = width(dims);
        dw[metal::min(unsigned(((part * _e15) + (((g_4 * _e17) + i_1) * _e20)) + j_1), (_buffer_sizes.size3 - 0 - 4) / 4)] = sum_1;
        return;
    } else {
        return;
    }
}

void store_sum(
    uint g_5,
    uint i_2,
    float sum_2,
    uint part_1,
    constant Dims& dims,
    device type_5& dw,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_6 = {};
    uint _e6 = dims.sums;
    if (_e6 != 0u) {
        uint _e11 = height(dims);
        local_6 = i_2 < _e11;
    } else {
        local_6 = false;
    }
    bool _e14 = local_6;
    if (_e14) {
        uint _e16 = weight_words(dims);
        uint _e20 = dims.sums;
        uint _e22 = height(dims);
        dw[metal::min(unsigned((((part_1 * _e16) + _e20) + (g_5 * _e22)) + i_2), (_buffer_sizes.size3 - 0 - 4) / 4)] = sum_2;
        return;
    } else {
        return;
    }
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(256)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& dy [[buffer(1)]]
, device type_5 const& x_2 [[buffer(2)]]
, device type_5& dw [[buffer(3)]]
, threadgroup type_6& tile_a
, threadgroup type_6& tile_b
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
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
    float v = {};
    float v_1 = {};
    float v_2 = {};
    float v_3 = {};
    float v_4 = {};
    float v_5 = {};
    float v_6 = {};
    float v_7 = {};
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
    uint _e20 = batches(dims);
    if (g_6 >= _e20) {
        return;
    }
    uint row0_ = naga_mod(naga_div(_e17, sideways), down) * TILE_ROWS;
    uint col0_ = naga_mod(_e17, sideways) * TILE_COLS;
    uint _e29 = terms(dims);
    uint chunk = naga_div(naga_div((_e29 + groups.z) - 1u, groups.z) + 3u, 4u) * 4u;
    uint _e44 = terms(dims);
    uint first = metal::min(group.z * chunk, _e44);
    uint _e47 = terms(dims);
    uint last = metal::min(first + chunk, _e47);
    uint a_at0_ = naga_div(lane, 16u) + 0u;
    uint a_d0_ = naga_mod(lane, 16u) * 1u;
    uint _e58 = row_of(g_6, row0_ + a_at0_, dims);
    uint a_at1_ = naga_div(lane, 16u) + 16u;
    uint a_d1_ = naga_mod(lane, 16u) * 1u;
    uint _e68 = row_of(g_6, row0_ + a_at1_, dims);
    uint a_at2_ = naga_div(lane, 16u) + 32u;
    uint a_d2_ = naga_mod(lane, 16u) * 1u;
    uint _e78 = row_of(g_6, row0_ + a_at2_, dims);
    uint a_at3_ = naga_div(lane, 16u) + 48u;
    uint a_d3_ = naga_mod(lane, 16u) * 1u;
    uint _e88 = row_of(g_6, row0_ + a_at3_, dims);
    uint b_at0_ = naga_div(lane, 16u) + 0u;
    uint b_d0_ = naga_mod(lane, 16u) * 1u;
    Tap _e98 = col_of(g_6, col0_ + b_at0_, dims);
    uint b_at1_ = naga_div(lane, 16u) + 16u;
    uint b_d1_ = naga_mod(lane, 16u) * 1u;
    Tap _e108 = col_of(g_6, col0_ + b_at1_, dims);
    uint b_at2_ = naga_div(lane, 16u) + 32u;
    uint b_d2_ = naga_mod(lane, 16u) * 1u;
    Tap _e118 = col_of(g_6, col0_ + b_at2_, dims);
    uint b_at3_ = naga_div(lane, 16u) + 48u;
    uint b_d3_ = naga_mod(lane, 16u) * 1u;
    Tap _e128 = col_of(g_6, col0_ + b_at3_, dims);
    uint tx = naga_mod(lane, 16u);
    uint ty = naga_div(lane, 16u) * 4u;
    p = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e346 = p;
            p = _e346 + 16u;
        }
        loop_init = false;
        uint _e146 = p;
        if (_e146 < last) {
        } else {
            break;
        }
        {
            {
                uint _e148 = p;
                uint d_2 = _e148 + a_d0_;
                v = 0.0;
                if (d_2 < last) {
                    Term _e153 = term_of(d_2, dims);
                    float _e154 = load_a(g_6, _e58, _e153, dims, dy, _buffer_sizes);
                    v = _e154;
                }
                float _e160 = v;
                tile_a.inner[metal::min(unsigned((a_d0_ * 65u) + a_at0_), 1039u)] = _e160;
            }
            {
                uint _e161 = p;
                uint d_3 = _e161 + a_d1_;
                v_1 = 0.0;
                if (d_3 < last) {
                    Term _e166 = term_of(d_3, dims);
                    float _e167 = load_a(g_6, _e68, _e166, dims, dy, _buffer_sizes);
                    v_1 = _e167;
                }
                float _e173 = v_1;
                tile_a.inner[metal::min(unsigned((a_d1_ * 65u) + a_at1_), 1039u)] = _e173;
            }
            {
                uint _e174 = p;
                uint d_4 = _e174 + a_d2_;
                v_2 = 0.0;
                if (d_4 < last) {
                    Term _e179 = term_of(d_4, dims);
                    float _e180 = load_a(g_6, _e78, _e179, dims, dy, _buffer_sizes);
                    v_2 = _e180;
                }
                float _e186 = v_2;
                tile_a.inner[metal::min(unsigned((a_d2_ * 65u) + a_at2_), 1039u)] = _e186;
            }
            {
                uint _e187 = p;
                uint d_5 = _e187 + a_d3_;
                v_3 = 0.0;
                if (d_5 < last) {
                    Term _e192 = term_of(d_5, dims);
                    float _e193 = load_a(g_6, _e88, _e192, dims, dy, _buffer_sizes);
                    v_3 = _e193;
                }
                float _e199 = v_3;
                tile_a.inner[metal::min(unsigned((a_d3_ * 65u) + a_at3_), 1039u)] = _e199;
            }
            {
                uint _e200 = p;
                uint d_6 = _e200 + b_d0_;
                v_4 = 0.0;
                if (d_6 < last) {
                    Term _e205 = term_of(d_6, dims);
                    float _e206 = load_b(g_6, _e98, _e205, dims, x_2, _buffer_sizes);
                    v_4 = _e206;
                }
                float _e212 = v_4;
                tile_b.inner[metal::min(unsigned((b_d0_ * 65u) + b_at0_), 1039u)] = _e212;
            }
            {
                uint _e213 = p;
                uint d_7 = _e213 + b_d1_;
                v_5 = 0.0;
                if (d_7 < last) {
                    Term _e218 = term_of(d_7, dims);
                    float _e219 = load_b(g_6, _e108, _e218, dims, x_2, _buffer_sizes);
                    v_5 = _e219;
                }
                float _e225 = v_5;
                tile_b.inner[metal::min(unsigned((b_d1_ * 65u) + b_at1_), 1039u)] = _e225;
            }
            {
                uint _e226 = p;
                uint d_8 = _e226 + b_d2_;
                v_6 = 0.0;
                if (d_8 < last) {
                    Term _e231 = term_of(d_8, dims);
                    float _e232 = load_b(g_6, _e118, _e231, dims, x_2, _buffer_sizes);
                    v_6 = _e232;
                }
                float _e238 = v_6;
                tile_b.inner[metal::min(unsigned((b_d2_ * 65u) + b_at2_), 1039u)] = _e238;
            }
            {
                uint _e239 = p;
                uint d_9 = _e239 + b_d3_;
                v_7 = 0.0;
                if (d_9 < last) {
                    Term _e244 = term_of(d_9, dims);
                    float _e245 = load_b(g_6, _e128, _e244, dims, x_2, _buffer_sizes);
                    v_7 = _e245;
                }
                float _e251 = v_7;
                tile_b.inner[metal::min(unsigned((b_d3_ * 65u) + b_at3_), 1039u)] = _e251;
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            d = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e318 = d;
                    d = _e318 + 1u;
                }
                loop_init_1 = false;
                uint _e254 = d;
                if (_e254 < 16u) {
                } else {
                    break;
                }
                {
                    uint _e257 = d;
                    uint at_a = (_e257 * 65u) + ty;
                    uint _e261 = d;
                    uint at_b = (_e261 * 65u) + tx;
                    float _e269 = tile_b.inner[metal::min(unsigned(at_b + 0u), 1039u)];
                    float _e274 = tile_b.inner[metal::min(unsigned(at_b + 16u), 1039u)];
                    float _e279 = tile_b.inner[metal::min(unsigned(at_b + 32u), 1039u)];
                    float _e284 = tile_b.inner[metal::min(unsigned(at_b + 48u), 1039u)];
                    metal::float4 b0_ = metal::float4(_e269, _e274, _e279, _e284);
                    float a0_ = tile_a.inner[metal::min(unsigned(at_a + 0u), 1039u)];
                    metal::float4 _e291 = c0_0_;
                    c0_0_ = _e291 + (a0_ * b0_);
                    float a1_ = tile_a.inner[metal::min(unsigned(at_a + 1u), 1039u)];
                    metal::float4 _e299 = c1_0_;
                    c1_0_ = _e299 + (a1_ * b0_);
                    float a2_ = tile_a.inner[metal::min(unsigned(at_a + 2u), 1039u)];
                    metal::float4 _e307 = c2_0_;
                    c2_0_ = _e307 + (a2_ * b0_);
                    float a3_ = tile_a.inner[metal::min(unsigned(at_a + 3u), 1039u)];
                    metal::float4 _e315 = c3_0_;
                    c3_0_ = _e315 + (a3_ * b0_);
                }
            }
            if (col0_ == 0u) {
                local = lane < TILE_ROWS;
            } else {
                local = false;
            }
            bool _e328 = local;
            if (_e328) {
                d_1 = 0u;
                uint2 loop_bound_2 = uint2(4294967295u);
                bool loop_init_2 = true;
                while(true) {
                    if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                    loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                    if (!loop_init_2) {
                        uint _e343 = d_1;
                        d_1 = _e343 + 1u;
                    }
                    loop_init_2 = false;
                    uint _e331 = d_1;
                    if (_e331 < 16u) {
                    } else {
                        break;
                    }
                    {
                        float _e334 = sum;
                        uint _e336 = d_1;
                        float _e341 = tile_a.inner[metal::min(unsigned((_e336 * 65u) + lane), 1039u)];
                        sum = _e334 + _e341;
                    }
                }
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
        }
    }
    float _e356 = c0_0_.x;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 0u, _e356, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e366 = c0_0_.y;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 16u, _e366, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e376 = c0_0_.z;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 32u, _e376, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e386 = c0_0_.w;
    store(g_6, (row0_ + ty) + 0u, (col0_ + tx) + 48u, _e386, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e396 = c1_0_.x;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 0u, _e396, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e406 = c1_0_.y;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 16u, _e406, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e416 = c1_0_.z;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 32u, _e416, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e426 = c1_0_.w;
    store(g_6, (row0_ + ty) + 1u, (col0_ + tx) + 48u, _e426, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e436 = c2_0_.x;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 0u, _e436, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e446 = c2_0_.y;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 16u, _e446, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e456 = c2_0_.z;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 32u, _e456, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e466 = c2_0_.w;
    store(g_6, (row0_ + ty) + 2u, (col0_ + tx) + 48u, _e466, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e476 = c3_0_.x;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 0u, _e476, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e486 = c3_0_.y;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 16u, _e486, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e496 = c3_0_.z;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 32u, _e496, group.z, groups.z, dims, dw, _buffer_sizes);
    float _e506 = c3_0_.w;
    store(g_6, (row0_ + ty) + 3u, (col0_ + tx) + 48u, _e506, group.z, groups.z, dims, dw, _buffer_sizes);
    if (col0_ == 0u) {
        local_1 = lane < TILE_ROWS;
    } else {
        local_1 = false;
    }
    bool _e516 = local_1;
    if (_e516) {
        float _e518 = sum;
        store_sum(g_6, row0_ + lane, _e518, group.z, dims, dw, _buffer_sizes);
        return;
    } else {
        return;
    }
}
