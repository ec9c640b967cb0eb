using Audit.Lifecycle.Tests.Events;
using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Laws;

public sealed class EventLaws
{
    [Fact]
    public void what_is_read_back_from_the_journal_is_the_call() => Law.Holds(MessageLists.Any, list =>
    {
        using var writer = Golden.Writer();
        var sequence = 0L;
        var live = CallHistory.Empty;
        var read = CallHistory.Empty;
        foreach (var spec in list.Specs)
        {
            var message = CallStory.Answering(live, spec.Message());
            var decision = CallDecider.Decide(live, message);
            foreach (var happened in decision.Events)
            {
                var again = ThroughTheJournal(writer, spec, message, happened, ref sequence);
                AssertSame(happened, again);
                read = CallEvolution.Evolve(read, again);
            }

            live = decision.After;
            Histories.Same(live, read);
        }
    });

    private static CallEvent ThroughTheJournal(EventWriter writer, Spec spec, CallMessage message, CallEvent happened, ref long sequence)
    {
        var record = spec.OversizedBytes > 0 ? default : spec.Record().AsMemory();
        var context = new CallContext(new SessionName("ci", "s-1"), "call-1", "agent", message, record);
        var encoded = writer.Write(context, happened);
        var row = new JournalRow(1, "stream", ++sequence, 0, encoded.Manifest, encoded.Message.ToArray());
        if (happened is CallEvent.Received { Weight: not EntryWeight.Oversized })
        {
            Assert.Equal(spec.Record(), EventReader.RecordOf(Golden.Opened(row).Message).ToArray());
        }

        return EventReader.ReadCall(row);
    }

    private static void AssertSame(CallEvent written, CallEvent read)
    {
        switch (written)
        {
            case CallEvent.Received { Weight: EntryWeight.Oversized } received:
                Assert.Equal(received.Message.OversizedBytes, Assert.IsType<CallEvent.Received>(read).Message.OversizedBytes);
                break;
            case CallEvent.Received { Weight: EntryWeight.MessageIdReused } received:
                Assert.Equal(received.Verdict, Assert.IsType<CallEvent.Received>(read).Verdict);
                break;
            default:
                Assert.Equal(written, read);
                break;
        }
    }
}
