using System.Text;
using System.Text.Json;
using Audit.Lifecycle.Tests.Json;
using Audit.Lifecycle.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Audit.Lifecycle.Tests.Hashing;

public sealed class LongStringsTests
{
    private static readonly Gen<string> LongStrings =
        from pieces in Gen.Elements("a", "é", "€", "😀", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00", "\\uDBFF\\uDFFF", "\\u0041")
            .ListOf(24)
        from shift in Gen.Choose(0, 13)
        from length in Gen.Choose(4000, 5000)
        select string.Concat(new string('x', shift), Repeat(string.Concat(pieces), length));

    [Fact]
    public void a_cut_never_splits_a_character_or_an_escape() => Law.Holds(LongStrings, content =>
    {
        var json = Encoding.UTF8.GetBytes($$"""{"short":"\ud83d\ude00","long":"{{content}}"}""");

        var cut = Lifecycle.Hashing.LongStrings.Cut(json, Say.Hasher);

        AssertStrict(cut);
        var whole = Long(json);
        var head = Long(cut).Split("… [cut: ")[0];
        Assert.StartsWith(head, whole);
        if (Encoding.UTF8.GetByteCount(content) <= Lifecycle.Hashing.LongStrings.LongestKept)
        {
            Assert.Equal(json, cut);
            return;
        }

        Assert.EndsWith($"… [cut: {Encoding.UTF8.GetByteCount(content)} bytes, keyed hash {Hash(content)}]", Long(cut));
        Assert.InRange(HeadBytes(cut), Lifecycle.Hashing.LongStrings.HeadBytes - 11, Lifecycle.Hashing.LongStrings.HeadBytes);
        Assert.Equal(cut, Lifecycle.Hashing.LongStrings.Cut(cut, Say.Hasher));
    });

    [Fact]
    public void strings_of_the_same_head_are_still_told_apart()
    {
        var one = Lifecycle.Hashing.LongStrings.Cut(Quoted(new string('a', 9000) + "1"), Say.Hasher);
        var other = Lifecycle.Hashing.LongStrings.Cut(Quoted(new string('a', 9000) + "2"), Say.Hasher);

        Assert.NotEqual(one, other);
        Assert.Equal(one.Length, other.Length);
    }

    [Fact]
    public void keys_and_everything_else_stay_in_their_places()
    {
        var text = $$"""{ "a" : [1, "{{new string('b', 5000)}}", {"c":null} ], "d":"\"" }""";

        var cut = Lifecycle.Hashing.LongStrings.Cut(Encoding.UTF8.GetBytes(text), Say.Hasher);

        using var document = JsonDocument.Parse(cut);
        Assert.StartsWith(new string('b', 4096) + "… [cut: 5000 bytes", document.RootElement.GetProperty("a")[1].GetString());
        Assert.Equal("\"", document.RootElement.GetProperty("d").GetString());
    }

    [Fact]
    public void a_value_and_its_cut_are_comparable() => Law.Holds(LongStrings, content =>
    {
        var whole = Encoding.UTF8.GetBytes($$"""{"a": "{{content}}", "b":[ 1 ]}""");
        var cut = Lifecycle.Hashing.LongStrings.Cut(whole, Say.Hasher);

        Assert.Equal(
            Say.Hasher.OfComparable(whole, CompactLength(whole)), Say.Hasher.OfComparable(cut, CompactLength(cut)));
    });

    [Fact]
    public void whitespace_between_tokens_does_not_matter_to_a_hash() => Law.Holds(JsonTexts.Any, text =>
    {
        var compact = Encoding.UTF8.GetBytes(text.Compact);
        var spaced = Encoding.UTF8.GetBytes(text.Spaced);

        Assert.Equal(Say.Hasher.Of(compact, compact.Length), Say.Hasher.Of(spaced, CompactLength(spaced)));
        Assert.Equal(Say.Hasher.OfBytes(compact), Say.Hasher.Of(spaced, CompactLength(spaced)));
    });

    [Fact]
    public void a_hash_depends_on_the_key_of_the_store()
    {
        var key = new byte[RecordHasher.KeyLength];
        key[0] = 1;

        Assert.NotEqual(Say.Hasher.OfBytes("text"u8), new RecordHasher(key).OfBytes("text"u8));
        Assert.Equal(Say.Hasher.OfBytes("text"u8), new RecordHasher(new byte[RecordHasher.KeyLength]).OfBytes("text"u8));
    }

    private static string Repeat(string text, int length)
    {
        var repeated = new StringBuilder();
        while (repeated.Length < length)
        {
            repeated.Append(text);
        }

        return repeated.ToString();
    }

    private static byte[] Quoted(string content) => Encoding.UTF8.GetBytes($"\"{content}\"");

    private static string Hash(string content)
    {
        Span<byte> hash = stackalloc byte[Fingerprint.Length];
        Say.Print(content).CopyTo(hash);
        return System.Buffers.Text.Base64Url.EncodeToString(hash);
    }

    private static string Long(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("long").GetString()!;
    }

    private static int HeadBytes(byte[] cut)
    {
        var start = cut.AsSpan().IndexOf("\"long\":\""u8) + "\"long\":\"".Length;
        return cut.AsSpan().IndexOf("… [cut: "u8) - start;
    }

    private static long CompactLength(byte[] text)
    {
        var json = new StrictJsonReader(text);
        while (json.Read())
        {
        }

        return json.CompactLength;
    }

    private static void AssertStrict(byte[] text) => Assert.True(CompactLength(text) > 0);
}
