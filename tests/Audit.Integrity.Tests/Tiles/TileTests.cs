using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Tiles;

public sealed class TileTests
{
    [Fact]
    public void seventy_thousand_entries_make_the_tiles_that_the_specification_says()
    {
        var (_, tiles) = Leaves.Grow(Enumerable.Range(0, 70_000).Select(Leaves.OfPrototype));
        var level0 = tiles.All.Where(tile => tile.Key.Level == 0).ToList();
        Assert.Equal(273, level0.Count(tile => tile.Value.Length == TileShape.FullBytes));
        Assert.Equal(112 * TreeHash.Size, tiles.All[(0, 273)].Length);
        Assert.Equal(TileShape.FullBytes, tiles.All[(1, 0)].Length);
        Assert.Equal(17 * TreeHash.Size, tiles.All[(1, 1)].Length);
        Assert.Equal(TreeHash.Size, tiles.All[(2, 0)].Length);
        Assert.Equal(274 + 2 + 1, tiles.All.Count);
    }

    [Theory]
    [InlineData(70_000, 0, 272, 256)]
    [InlineData(70_000, 0, 273, 112)]
    [InlineData(70_000, 0, 274, 0)]
    [InlineData(70_000, 1, 1, 17)]
    [InlineData(70_000, 2, 0, 1)]
    [InlineData(70_000, 3, 0, 0)]
    [InlineData(0, 0, 0, 0)]
    [InlineData(256, 0, 0, 256)]
    [InlineData(256, 0, 1, 0)]
    [InlineData(256, 1, 0, 1)]
    [InlineData(70_000, 0, long.MaxValue, 0)]
    public void a_tile_has_as_many_hashes_as_the_tree_has_for_it(long size, int level, long number, int count) =>
        Assert.Equal(count, TileShape.CountIn(size, level, number));

    [Theory]
    [InlineData(0, 1234067, 256, "tile/0/x001/x234/067")]
    [InlineData(0, 0, 256, "tile/0/000")]
    [InlineData(1, 999, 17, "tile/1/999.p/17")]
    [InlineData(63, 1000, 255, "tile/63/x001/000.p/255")]
    [InlineData(TilePath.Entries, 273, 112, "tile/entries/273.p/112")]
    [InlineData(TilePath.Entries, 1000000, 256, "tile/entries/x001/x000/000")]
    public void a_tile_has_the_path_of_the_specification(int level, long number, int count, string path)
    {
        Assert.Equal(path, new TilePath(level, number, count).ToString());
        Assert.True(TilePath.TryParse(path, out var parsed));
        Assert.Equal(new TilePath(level, number, count), parsed);
    }

    [Theory]
    [InlineData("tile/0/0")]
    [InlineData("tile/0/1234")]
    [InlineData("tile/0/001/234")]
    [InlineData("tile/0/x000/001")]
    [InlineData("tile/0/x001/x234")]
    [InlineData("tile/00/001")]
    [InlineData("tile/64/001")]
    [InlineData("tile/-1/001")]
    [InlineData("tile/0/001.p/0")]
    [InlineData("tile/0/001.p/256")]
    [InlineData("tile/0/001.p/01")]
    [InlineData("tile/0/001.p/")]
    [InlineData("tile/0/001.p")]
    [InlineData("tile/0")]
    [InlineData("tile/0/")]
    [InlineData("tile/8/0/001")]
    [InlineData("tile/data/001")]
    [InlineData("tiles/0/001")]
    [InlineData("tile/0/001/")]
    [InlineData("tile/0/../001")]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/x999/999")]
    [InlineData("")]
    public void what_is_not_written_so_is_no_path(string path) => Assert.False(TilePath.TryParse(path, out _));

    [Fact]
    public async Task a_tree_taken_up_from_its_tiles_goes_on_like_one_that_was_never_left()
    {
        var leaves = Leaves.Of(66_000);
        foreach (var left in (int[])[0, 1, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_800])
        {
            var (before, tiles) = Leaves.Grow(leaves.Take(left));
            var again = await GrowingTree.LoadAsync(tiles, left, CancellationToken.None);
            Assert.Equal(before.Root(), again.Root());
            var (whole, _) = Leaves.Grow(leaves.Take(left + 200));
            var completed = new List<LogTile>();
            foreach (var leaf in leaves.Skip(left).Take(200))
            {
                again.Append(leaf, completed);
            }

            Assert.Equal(whole.Root(), again.Root());
            Assert.Equal(whole.Edge().Select(tile => tile.Hashes), again.Edge().Select(tile => tile.Hashes));
        }
    }

    [Fact]
    public async Task a_tree_whose_tile_is_too_short_is_not_taken_up()
    {
        var (_, tiles) = Leaves.Grow(Leaves.Of(100));
        await Assert.ThrowsAsync<LogDamagedException>(() => GrowingTree.LoadAsync(tiles, 101, CancellationToken.None));
    }

    [Fact]
    public async Task older_roots_are_read_from_the_tiles_of_the_grown_tree()
    {
        var leaves = Leaves.Of(1_000);
        var (_, tiles) = Leaves.Grow(leaves);
        var reader = new TreeReader(tiles, 1_000);
        foreach (var size in (int[])[0, 1, 2, 255, 256, 257, 512, 513, 999, 1_000])
        {
            Assert.Equal(PlainTree.Root(leaves.AsSpan(0, size)), await reader.RootAsync(size, CancellationToken.None));
        }
    }
}
