using System.Text;
using Audit.Lifecycle.Tests.Intake;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Events;

public sealed class EventReaderTests
{
    [Theory]
    [InlineData("call.transitioned.v2")]
    [InlineData("call.rejudged.v2")]
    [InlineData("call.flooded.v2")]
    public void a_version_that_is_not_known_is_not_read_as_the_one_that_is(string golden)
    {
        var row = Golden.Row(golden) with { Manifest = golden[..^1] + "3" };

        Assert.Contains("which this program does not know",
            Assert.Throws<InvalidDataException>(() => EventReader.ReadCall(row)).Message);
    }

    [Fact]
    public void neither_is_one_of_a_note_or_of_a_window()
    {
        Assert.Throws<InvalidDataException>(() =>
            EventReader.ReadNote(Golden.Row("session.noted.v2") with { Manifest = "session.noted.v3" }));
        Assert.Throws<InvalidDataException>(() =>
            EventReader.ReadWindow(Golden.Row("window.closed.v2") with { Manifest = "window.closed.v3" }));
        Assert.Throws<InvalidDataException>(() => EventReader.ReadWindow(Golden.Row("session.noted.v2")));
        Assert.Throws<InvalidDataException>(() => EventReader.ReadNote(Golden.Row("window.closed.v2")));
    }

    [Fact]
    public void fields_that_are_not_known_are_passed_over()
    {
        var row = With(Golden.Row("call.transitioned.v2"), text => "{\"future\":{\"record\":[1]}," + text[1..]);

        Assert.Equal(
            EventReader.ReadCall(Golden.Row("call.transitioned.v2")), EventReader.ReadCall(row));
        Assert.Equal(
            EventReader.RecordOf(Golden.Opened("call.transitioned.v2").Message).ToArray(), EventReader.RecordOf(Golden.Opened(row).Message).ToArray());
    }

    [Fact]
    public void an_anomaly_that_a_newer_program_wrote_is_passed_over()
    {
        var row = With(
            Golden.Row("call.transitioned.v2"),
            text => text.Replace("\"anomalies\":[]", "\"anomalies\":[\"of_the_future\",\"truncated\"]"));

        Assert.Equal(Anomalies.Truncated, Assert.IsType<CallEvent.Received>(EventReader.ReadCall(row)).Verdict.Anomalies);
    }

    [Theory]
    [InlineData("call.violated.v2", "standing_refusal", "cause: the cause \"of_the_future\" is not known")]
    [InlineData("call.violated.v2", "\"blocked\"", "from: a string is expected, not 5")]
    [InlineData("call.rejudged.v2", "\"sequence\":3", "sequence: a whole number that is not negative is expected, not -3")]
    public void a_row_that_cannot_be_read_is_named_with_its_position(string golden, string good, string error)
    {
        var bad = good switch
        {
            "\"blocked\"" => "5",
            "standing_refusal" => "of_the_future",
            _ => "\"sequence\":-3",
        };
        var row = With(Golden.Row(golden), text => text.Replace(good, bad));

        Assert.Equal(
            $"The row at position 7 cannot be read: {error}",
            Assert.Throws<InvalidDataException>(() => EventReader.ReadCall(row)).Message);
    }

    [Fact]
    public void a_row_that_is_cut_off_is_named_with_its_position()
    {
        var call = With(Golden.Row("call.flooded.v2"), text => text[..^5]);
        var window = With(Golden.Row("window.closed.v2"), text => text[..^5]);

        Assert.StartsWith("The row at position 7 cannot be read: ",
            Assert.Throws<InvalidDataException>(() => EventReader.ReadCall(call)).Message);
        Assert.StartsWith("The row at position 7 cannot be read: ",
            Assert.Throws<InvalidDataException>(() => EventReader.ReadWindow(window)).Message);
    }

    [Fact]
    public void what_an_item_may_nest_can_be_read_back()
    {
        var nested = new string('[', 63) + new string(']', 63);
        var record = Encoding.UTF8.GetBytes(Items.RecordWith("effective_input", nested));
        var message = Items.Call(Encoding.UTF8.GetString(record), Items.Bare).Message;
        using var writer = Golden.Writer();
        var received = CallDecider.Decide(CallHistory.Empty, message).Events[0];
        var call = writer.Write(new CallContext(new SessionName("ci", "s-1"), "call-1", null, message, record), received);
        var window = writer.Write(
            "w-7", EventReader.ReadWindow(Golden.Row("window.closed.v2")), Encoding.UTF8.GetBytes($$"""{"a":{{nested}}}"""));

        var row = new JournalRow(1, "stream", 1, 0, call.Manifest, call.Message.ToArray());
        Assert.Equal(received, EventReader.ReadCall(row));
        Assert.Equal(record, EventReader.RecordOf(Golden.Opened(row).Message).ToArray());
        Assert.Equal(
            WindowState.Closed, EventReader.ReadWindow(new JournalRow(1, "w", 1, 0, window.Manifest, window.Message.ToArray())).To);
    }

    [Fact]
    public void no_two_events_have_the_same_nonce()
    {
        using var writer = Golden.Writer();
        var nonces = Enumerable.Range(0, 1000)
            .Select(_ => Encoding.UTF8.GetString(writer.WriteOperator("act", "admin", Say.At(0), default).Message.Span))
            .Distinct();

        Assert.Equal(1000, nonces.Count());
    }

    private static JournalRow With(JournalRow row, Func<string, string> change) =>
        row with { Message = Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(row.Message))) };
}
