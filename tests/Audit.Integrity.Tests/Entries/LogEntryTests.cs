using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Entries;

public sealed class LogEntryTests
{
    private static readonly JournalRow Row =
        new(4711, "call|1|s-1|c-1", 2, 638_000_000_000_000_000, "call.transitioned.v2", "{\"v\":2}"u8.ToArray());

    [Fact]
    public void the_entry_of_a_row_of_ours_has_exactly_the_members_of_the_design()
    {
        var salt = HMACSHA256.HashData([.. Enumerable.Range(0, 32).Select(index => (byte)index)], "call|1|s-1|c-1"u8);
        var stream = Convert.ToHexStringLower(SHA256.HashData([.. salt, .. "call|1|s-1|c-1\0call.transitioned.v2"u8]));
        var message = Convert.ToHexStringLower(SHA256.HashData(Row.Message));
        Assert.Equal(
            $$"""{"v":2,"position":4711,"stream":"{{stream}}","seq":2,"created":638000000000000000,"sha256":"{{message}}"}""",
            Entry(Row));
    }

    [Fact]
    public void golden_entries_stay_as_they_are_for_ever()
    {
        string[] entries =
        [
            Entry(Row), Entry(Row with { PersistenceId = "operator|2026-11-21", Manifest = "operator.acted.v2" }),
            Entry(Row with { Identifier = null, Deleted = true }), Entry(Row with { Message = "{\"no-mac\":1}"u8.ToArray() }),
        ];
        Assert.Equal(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Entries", "golden.txt")), entries);
    }

    [Fact]
    public void nobody_guesses_a_stream_from_entries_alone()
    {
        var guessed = Convert.ToHexStringLower(SHA256.HashData("call|1|s-1|c-1"u8));
        Assert.DoesNotContain(guessed, Entry(Row), StringComparison.Ordinal);
        Assert.NotEqual(Entry(Row), Entry(Row with { PersistenceId = "call|1|s-1|c-1call.", Manifest = "transitioned.v2" }));
        Assert.DoesNotContain("manifest", Entry(Row), StringComparison.Ordinal);
    }

    [Fact]
    public void a_row_that_no_node_can_have_written_says_so() => Assert.EndsWith(
        ",\"unproven\":true}", Entry(Row with { Message = "{\"no-mac\":1}"u8.ToArray() }), StringComparison.Ordinal);

    [Fact]
    public void the_leaf_is_the_hash_of_the_entry_after_a_zero()
    {
        var leaf = new byte[TreeHash.Size];
        RowEntry.HashLeaf(Row, leaf);
        Assert.Equal(TreeHash.Leaf(RowEntry.Write(Row)), leaf);
    }

    [Fact]
    public void a_row_of_another_serializer_says_so()
    {
        Assert.EndsWith(",\"identifier\":4}", Entry(Row with { Identifier = 4 }), StringComparison.Ordinal);
        Assert.EndsWith(",\"identifier\":null}", Entry(Row with { Identifier = null }), StringComparison.Ordinal);
    }

    [Fact]
    public void a_row_that_is_marked_deleted_says_so() =>
        Assert.EndsWith(",\"deleted\":true}", Entry(Row with { Deleted = true }), StringComparison.Ordinal);

    [Fact]
    public void no_row_makes_an_entry_that_is_too_long_or_is_no_json()
    {
        var worst = Row with
        {
            Position = long.MinValue,
            PersistenceId = new string('ü', 5_000),
            Sequence = long.MinValue,
            CreatedTicks = long.MinValue,
            Identifier = int.MinValue,
            Deleted = true,
        };
        foreach (var manifest in (string[])["", new string('m', 500), new string('m', 501), new string('ü', 10_000)])
        {
            var entry = RowEntry.Write(worst with { Manifest = manifest });
            Assert.InRange(entry.Length, 1, LogEntry.Longest);
            using var parsed = JsonDocument.Parse(entry);
        }
    }

    [Fact]
    public void every_field_changes_the_leaf()
    {
        JournalRow[] rows =
        [
            Row, Row with { Position = 1 }, Row with { PersistenceId = "x" }, Row with { Sequence = 3 }, Row with { CreatedTicks = 1 },
            Row with { Manifest = "x" }, Row with { Message = [1] }, Row with { Identifier = 1 }, Row with { Deleted = true },
        ];
        Assert.Equal(rows.Length, rows.Select(Entry).Distinct().Count());
    }

    [Fact]
    public void a_bundle_has_each_entry_after_its_length_in_two_bytes_the_high_one_first()
    {
        var bundle = EntryBundle.Of([new byte[300], [7]]);
        Assert.Equal(2 + 300 + 2 + 1, bundle.Length);
        Assert.Equal(300, BinaryPrimitives.ReadUInt16BigEndian(bundle));
        Assert.Equal(1, BinaryPrimitives.ReadUInt16BigEndian(bundle.AsSpan(302)));
        Assert.Equal(7, bundle[^1]);
    }

    private static string Entry(JournalRow row) => Encoding.UTF8.GetString(RowEntry.Write(row));
}
