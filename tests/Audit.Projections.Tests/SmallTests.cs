using System.Text;

namespace Audit.Projections.Tests;

/// <summary>The small pieces that the rest stands on.</summary>
public sealed class SmallTests
{
    [Theory]
    [InlineData("sql.*", "sql.query", true)]
    [InlineData("sql.*", "sql.", true)]
    [InlineData("sql.*", "nosql.query", false)]
    [InlineData("*", "", true)]
    [InlineData("*.read", "file.deep.read", true)]
    [InlineData("*.read", "file.read.not", false)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("SQL.*", "sql.query", false)]
    [InlineData("a.b", "aXb", false)]
    public void a_glob_matches_whole_names(string pattern, string name, bool matches) =>
        Assert.Equal(matches, Glob.Matches(pattern, name));

    [Fact]
    public void numbers_that_arrive_in_any_order_become_one_range()
    {
        var random = new Random(1);
        var seqs = Enumerable.Range(1, 200).OrderBy(_ => random.Next())
            .Aggregate(new SeqRanges("h", [], 0), (ranges, seq) => ranges.Add(seq).Add(seq));

        Assert.Equal(new SeqRange(1, 200), Assert.Single(seqs.Ranges));
        Assert.Empty(seqs.Gaps());
        Assert.Equal(0, seqs.Dropped);
    }

    [Fact]
    public void ranges_are_bounded_and_what_is_not_kept_is_not_called_missing()
    {
        var seqs = Enumerable.Range(0, 1000).Aggregate(new SeqRanges("h", [], 0), (ranges, seq) => ranges.Add(seq * 2));

        Assert.Equal((SeqRanges.Most, 1000 - SeqRanges.Most), (seqs.Ranges.Count, seqs.Dropped));
        Assert.Equal(999UL, seqs.Missing());
    }

    [Fact]
    public void a_host_may_claim_any_number_without_doing_harm()
    {
        var session = new SessionModel
        {
            Id = 1,
            Source = "ci",
            SessionId = "s",
            Seqs = [.. Enumerable.Range(0, 3).Select(host => new SeqRanges($"h{host}", [], 0).Add(long.MaxValue).Add(0))],
        };

        Assert.Equal(long.MaxValue, session.Completeness.MissingMessages);
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1969-12-31T23:59:59.999999999Z")]
    [InlineData("2026-11-20T14:00:00.123456789Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public void a_clamped_time_comes_back_from_its_number(string text)
    {
        Rfc3339.TryParse(text, out var time);
        var clamped = Instants.Clamp(time);

        Assert.Equal(clamped, Instants.FromNumber(Instants.ToNumber(clamped)));
        Assert.Equal(clamped, Instants.Clamp(clamped));
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1970-01-01T00:00:00Z")]
    [InlineData("2026-11-20T14:00:00Z")]
    [InlineData("2026-11-20T14:00:00.123456789Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public void the_time_of_a_record_comes_back_whatever_it_is(string text)
    {
        Rfc3339.TryParse(text, out var time);
        var message = new TransitionModel(1, 2, 3, At: Say.At(0), RecordedAt: Instants.Clamp(time), ReceivedAt: Say.At(1));

        Assert.Equal(message, ReadTables.Transitions.Of(new StoredMessage(message)));
    }

    [Theory]
    [InlineData("""{"path":"/etc/passwd","command":"cat"}""", "cat")]
    [InlineData("""{"a":{"command":"no"},"query":"SELECT\n1"}""", "SELECT 1")]
    [InlineData("""{"count": 3}""", """{"count": 3}""")]
    [InlineData("\"ls\"", "ls")]
    [InlineData("null", null)]
    [InlineData("[1,2]", "[1,2]")]
    public void an_input_becomes_one_short_line(string json, string? line) =>
        Assert.Equal(line, ShortLine.OfInput(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void a_long_line_is_cut_and_no_character_is_parted() =>
        Assert.All(
            Enumerable.Range(0, 4).Select(shift => ShortLine.OfUtf8(Encoding.UTF8.GetBytes(new string('x', shift) + string.Concat(Enumerable.Repeat("😀", 300))))),
            line => Assert.True(line.Length is > ShortLine.Longest - 3 and <= ShortLine.Longest && line[^1] == '…' && !char.IsHighSurrogate(line[^2])));

    [Fact]
    public void what_is_used_is_kept_and_what_is_not_is_forgotten()
    {
        var kept = new Generations<int, string>(10);
        kept.Keep(-1, "used");
        for (var index = 0; index < 100; index++)
        {
            kept.Keep(index, "new");
            Assert.NotNull(kept.Find(-1));
        }

        Assert.Null(kept.Find(0));
        Assert.NotNull(kept.Find(99));
    }

    /// <summary>The row of a message, as it is selected.</summary>
    private sealed class StoredMessage(TransitionModel message) : IStoredRow
    {
        private readonly byte[] document = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(message, ReadTables.Transitions.Json);

        public bool IsNull(int column) => Of(column) is var one && one.Number?.Invoke(message) is null && one.Text?.Invoke(message) is null;

        public long Number(int column) => Of(column).Number!(message)!.Value;

        public bool Flag(int column) => throw new NotSupportedException();

        public string Text(int column) => Of(column).Text!(message)!;

        public byte[] Blob(int column) => document;

        public ReadOnlySpan<byte> Bytes(int column) => document;

        private Column<TransitionModel> Of(int column) =>
            ReadTables.Transitions.Columns.Single(one => one.Name == ReadTables.Transitions.Beside!.Value.Columns[column - 1]);
    }
}
