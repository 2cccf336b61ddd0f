// Blocks of neurons for which a layer computes what arrives: some rows and channels of a plane.
#pragma once

namespace annconv {

template <class Shape>
struct ShapeBlocks {
    static constexpr int kBlockRows = Shape::kBlockRows;
    static constexpr int kBlockChannels = Shape::kTileChannels;
    static constexpr int kRowBlocks = (Shape::kOut[1] + kBlockRows - 1) / kBlockRows;
    static constexpr int channel_blocks() {
        return (Shape::kChannelsOut + kBlockChannels - 1) / kBlockChannels;
    }
};

}  // namespace annconv
