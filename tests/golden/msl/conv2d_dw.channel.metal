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
typedef float type_4[1];
constant uint TILE_ROWS = 1u;
constant uint TILE_COLS = 8u;

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
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(8)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& dy [[buffer(1)]]
, device type_4 const& x_2 [[buffer(2)]]
, device type_4& dw [[buffer(3)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    float d0_ = 0.0;
    float c0_0_ = 0.0;
    uint image = {};
    uint oy = {};
    uint ox = {};
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    bool local_5 = {};
    bool local_6 = {};
    uint _e5 = dims.c;
    uint _e8 = dims.groups;
    uint group_c = naga_div(_e5, _e8);
    uint _e12 = dims.o;
    uint _e15 = dims.groups;
    uint group_o = naga_div(_e12, _e15);
    uint across = naga_div(group_c + 7u, 8u);
    uint down = naga_div((group_o + TILE_ROWS) - 1u, TILE_ROWS);
    uint _e27 = group_index(group, groups);
    uint g = naga_div(_e27, across * down);
    uint _e32 = dims.groups;
    if (g >= _e32) {
        return;
    }
    uint row0_ = naga_mod(naga_div(_e27, across), down) * TILE_ROWS;
    uint channel = (naga_mod(_e27, across) * 8u) + lane;
    uint _e44 = dims.w;
    uint w = naga_div(_e44, 1u);
    uint _e49 = dims.ow;
    uint out_w = naga_div(_e49, 1u);
    uint _e54 = dims.n;
    uint chunk = naga_div((_e54 + groups.z) - 1u, groups.z);
    uint _e66 = dims.n;
    uint last = metal::min((group.z * chunk) + chunk, _e66);
    uint _e77 = dims.oh;
    uint my_row0_ = (((g * group_o) + metal::min(row0_ + 0u, group_o - 1u)) * _e77) * out_w;
    image = group.z * chunk;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e372 = image;
            image = _e372 + 1u;
        }
        loop_init = false;
        uint _e87 = image;
        if (_e87 < last) {
        } else {
            break;
        }
        {
            uint _e89 = image;
            uint _e92 = dims.o;
            uint _e96 = dims.oh;
            uint image_dy = ((_e89 * _e92) * _e96) * out_w;
            uint _e99 = image;
            uint _e102 = dims.c;
            uint _e112 = dims.h;
            uint plane = ((((_e99 * _e102) + (g * group_c)) + metal::min(channel, group_c - 1u)) * _e112) * w;
            oy = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e369 = oy;
                    oy = _e369 + 4u;
                }
                loop_init_1 = false;
                uint _e117 = oy;
                uint _e120 = dims.oh;
                if (_e117 < _e120) {
                } else {
                    break;
                }
                {
                    uint _e122 = oy;
                    uint _e129 = dims.h;
                    bool in_y0_ = ((_e122 + 0u) - 0u) < _e129;
                    uint _e131 = oy;
                    uint _e138 = dims.h;
                    bool in_y1_ = ((_e131 + 1u) - 0u) < _e138;
                    uint _e140 = oy;
                    uint _e147 = dims.h;
                    bool in_y2_ = ((_e140 + 2u) - 0u) < _e147;
                    uint _e149 = oy;
                    uint _e156 = dims.h;
                    bool in_y3_ = ((_e149 + 3u) - 0u) < _e156;
                    ox = 0u;
                    uint2 loop_bound_2 = uint2(4294967295u);
                    bool loop_init_2 = true;
                    while(true) {
                        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                        if (!loop_init_2) {
                            uint _e366 = ox;
                            ox = _e366 + 1u;
                        }
                        loop_init_2 = false;
                        uint _e160 = ox;
                        if (_e160 < out_w) {
                        } else {
                            break;
                        }
                        {
                            uint _e162 = oy;
                            uint _e165 = ox;
                            uint at = ((plane + (_e162 * w)) + _e165) - (0u * w);
                            float _e179 = x_2[metal::min(unsigned(((at + (0u * w)) + 0u) - 0u), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            if (in_y0_) {
                                uint _e182 = ox;
                                uint _e189 = dims.w;
                                local = ((_e182 + 0u) - 0u) < _e189;
                            } else {
                                local = false;
                            }
                            bool _e192 = local;
                            float v0_0_ = _e192 ? _e179 : 0.0;
                            float _e204 = x_2[metal::min(unsigned(((at + (1u * w)) + 0u) - 0u), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            if (in_y1_) {
                                uint _e207 = ox;
                                uint _e214 = dims.w;
                                local_1 = ((_e207 + 0u) - 0u) < _e214;
                            } else {
                                local_1 = false;
                            }
                            bool _e217 = local_1;
                            float v1_0_ = _e217 ? _e204 : 0.0;
                            float _e229 = x_2[metal::min(unsigned(((at + (2u * w)) + 0u) - 0u), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            if (in_y2_) {
                                uint _e232 = ox;
                                uint _e239 = dims.w;
                                local_2 = ((_e232 + 0u) - 0u) < _e239;
                            } else {
                                local_2 = false;
                            }
                            bool _e242 = local_2;
                            float v2_0_ = _e242 ? _e229 : 0.0;
                            float _e254 = x_2[metal::min(unsigned(((at + (3u * w)) + 0u) - 0u), (_buffer_sizes.size2 - 0 - 4) / 4)];
                            if (in_y3_) {
                                uint _e257 = ox;
                                uint _e264 = dims.w;
                                local_3 = ((_e257 + 0u) - 0u) < _e264;
                            } else {
                                local_3 = false;
                            }
                            bool _e267 = local_3;
                            float v3_0_ = _e267 ? _e254 : 0.0;
                            uint _e272 = oy;
                            uint _e277 = ox;
                            float s0_0_ = dy[metal::min(unsigned((((image_dy + my_row0_) + ((_e272 + 0u) * out_w)) + _e277) + 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                            float _e283 = d0_;
                            d0_ = _e283 + s0_0_;
                            uint _e288 = oy;
                            uint _e293 = ox;
                            float _e298 = dy[metal::min(unsigned((((image_dy + my_row0_) + ((_e288 + 1u) * out_w)) + _e293) + 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                            uint _e299 = oy;
                            uint _e304 = dims.oh;
                            float s1_0_ = ((_e299 + 1u) < _e304) ? _e298 : float {};
                            float _e307 = d0_;
                            d0_ = _e307 + s1_0_;
                            uint _e312 = oy;
                            uint _e317 = ox;
                            float _e322 = dy[metal::min(unsigned((((image_dy + my_row0_) + ((_e312 + 2u) * out_w)) + _e317) + 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                            uint _e323 = oy;
                            uint _e328 = dims.oh;
                            float s2_0_ = ((_e323 + 2u) < _e328) ? _e322 : float {};
                            float _e331 = d0_;
                            d0_ = _e331 + s2_0_;
                            uint _e336 = oy;
                            uint _e341 = ox;
                            float _e346 = dy[metal::min(unsigned((((image_dy + my_row0_) + ((_e336 + 3u) * out_w)) + _e341) + 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                            uint _e347 = oy;
                            uint _e352 = dims.oh;
                            float s3_0_ = ((_e347 + 3u) < _e352) ? _e346 : float {};
                            float _e355 = d0_;
                            d0_ = _e355 + s3_0_;
                            {
                                float _e357 = c0_0_;
                                c0_0_ = _e357 + ((((s0_0_ * v0_0_) + (s1_0_ * v1_0_)) + (s2_0_ * v2_0_)) + (s3_0_ * v3_0_));
                            }
                        }
                    }
                }
            }
        }
    }
    uint _e376 = weight_words(dims);
    uint part = group.z * _e376;
    if ((row0_ + 0u) < group_o) {
        local_4 = channel < group_c;
    } else {
        local_4 = false;
    }
    bool _e385 = local_4;
    if (_e385) {
        uint to = part + ((((((g * group_o) + row0_) + 0u) * group_c) + channel) * 1u);
        float _e399 = c0_0_;
        dw[metal::min(unsigned(to + 0u), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e399;
    }
    {
        uint row = row0_ + 0u;
        uint _e404 = dims.sums;
        if (_e404 != 0u) {
            local_5 = row < group_o;
        } else {
            local_5 = false;
        }
        bool _e411 = local_5;
        if (_e411) {
            local_6 = channel == 0u;
        } else {
            local_6 = false;
        }
        bool _e417 = local_6;
        if (_e417) {
            uint _e421 = dims.sums;
            float _e427 = d0_;
            dw[metal::min(unsigned(((part + _e421) + (g * group_o)) + row), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e427;
            return;
        } else {
            return;
        }
    }
}
