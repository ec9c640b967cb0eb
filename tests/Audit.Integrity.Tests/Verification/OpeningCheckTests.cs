using System.Text;

namespace Audit.Integrity.Tests.Verification;

/// <summary>What a bundle's keys open is compared with what the heads say of it.</summary>
public sealed class OpeningCheckTests
{
    private const string Stream = "call|ci|s|c";

    private static readonly SessionName Session = new("ci", "s");

    [Fact]
    public void records_that_are_what_their_heads_say_are_counted()
    {
        var check = Check(Row(1, Record("one")), Row(2, Record("two")), Row(3, Record("one")));
        Assert.Empty(check.Faults());
        Assert.Equal(new OpenedContents(3, 3, 0, 0), check.Report);
    }

    [Theory]
    [InlineData("kind", """{"kind":"blocked","reason":"no"}""", 3, "bash")]
    [InlineData("turn", null, 4, "bash")]
    [InlineData("tool_name", null, 3, "rm")]
    public void a_head_that_says_other_than_its_record_is_found(string member, string? outcome, int turn, string tool)
    {
        var lied = Facts(Record("one", outcome, turn, tool));
        var fault = Assert.Single(Check(Row(1, Record("one")), Row(2, Record("two"), lied)).Faults());
        Assert.Equal((IntegrityFaultKind.ContentDiffers, 2L), (fault.Kind, fault.Position));
        Assert.Contains(member, fault.Sentence);
    }

    [Theory]
    [InlineData("one", "two")]
    [InlineData("two", "one")]
    public void fingerprints_are_those_of_their_contents_as_far_as_they_can_be_told_apart(string record, string head)
    {
        // The key of the fingerprints is in no bundle: what is seen is that one stands for two contents, or two for one.
        var fault = Assert.Single(Check(Row(1, Record("one")), Row(2, Record(record), Facts(Record(head)))).Faults());
        Assert.Contains("fingerprint", fault.Sentence);
        Assert.Equal(2, fault.Position);
    }

    private static string Record(string output, string? outcome = null, int turn = 3, string tool = "bash") =>
        $$"""{"tool_call_id":"c","tool_name":"{{tool}}","tier":"Observe","requested_input":{"a":1},"turn":{{turn}},"outcome":"""
        + (outcome ?? $$"""{"kind":"completed","result":{"success":true,"output":"{{output}}","data":null,"duration_ms":5} }""")
        + ""","recorded_at":"2025-01-02T03:04:05Z"}""";

    private static RecordFacts Facts(string record)
    {
        var json = new StrictJsonReader(Encoding.UTF8.GetBytes(record));
        json.Read();
        return RecordReader.Read(ref json, TestKeys.Hasher).Facts;
    }

    private static (long Position, EncodedEvent Event) Row(long sequence, string record, RecordFacts? said = null)
    {
        using var writer = new EventWriter(TestKeys.Proof);
        writer.Begin(new StreamKey(Stream), sequence - 1, Key());
        var message = CallMessage.Of(said ?? Facts(record), default);
        var verdict = new Verdict(CallState.None, CallState.Completed, 1, Anomalies.None, ViolationCause.None);
        var context = new CallContext(Session, "c", null, message, Encoding.UTF8.GetBytes(record));
        var written = writer.Write(context, new CallEvent.Received(message, verdict, EntryWeight.Judged, false));
        return (sequence, written with { Message = written.Message.ToArray() });
    }

    private static OpeningCheck Check(params (long Position, EncodedEvent Event)[] rows)
    {
        var batch = new RowBatch();
        foreach (var (position, written) in rows)
        {
            var slot = new RowSlot { Position = position, Sequence = position, Identifier = JournalTable.SerializerId };
            batch.Add(slot, Encoding.UTF8.GetBytes(Stream), Encoding.UTF8.GetBytes(written.Manifest), written.Message.Span);
        }

        var check = new OpeningCheck(new Dictionary<string, byte[]> { [Stream] = Key() });
        check.Take(batch);
        return check;
    }

    private static byte[] Key()
    {
        TestKeys.Seal.Payloads.EnsureAsync([new StreamKey(Stream)], default).GetAwaiter().GetResult();
        return TestKeys.Seal.Payloads.TryGet(new StreamKey(Stream), out var key) ? key! : [];
    }
}
