using System.Text;

namespace Audit.Hammer.Simulation;

/// <summary>Keeps what every host was promised, outside of every node, and holds the store to it.</summary>
internal sealed class Oracle(SimulatedStore store)
{
    private readonly Dictionary<int, List<Receipt>> receipts = [];
    private readonly Dictionary<string, int> numberByContent = new(StringComparer.Ordinal);
    private readonly List<JournalRow> followed = [];

    public int Acknowledged => receipts.Count;

    public int Lost { get; private set; }

    public int Doubled { get; private set; }

    public int Wrong { get; private set; }

    /// <summary>What was found, in sentences.</summary>
    public List<string> Findings { get; } = [];

    public void Knows(SimulatedMessage message) => numberByContent.Add(message.Content, message.Number);

    /// <summary>A host has this receipt in its hand.</summary>
    public void Receive(SimulatedMessage message, Receipt receipt)
    {
        if (receipt.Status == ReceiptStatus.Unknown)
        {
            Require(receipt.Position == 0, $"message {message.Number} is not known and has a position");
            return;
        }

        var known = receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Duplicate or ReceiptStatus.Violation;
        Require(known, $"message {message.Number} got {receipt}");
        if (!known)
        {
            return;
        }

        if (!receipts.TryGetValue(message.Number, out var before))
        {
            receipts.Add(message.Number, before = []);
        }

        before.Add(receipt);
        var row = store.Find(receipt.Position);
        Require(
            row is not null && row.PersistenceId == message.Submission.Stream.ToString()
            && row.Sequence == receipt.Sequence,
            $"message {message.Number} has a receipt for {receipt.Position}, where its row is not");
        Require(
            row is null || receipt.Sha256.IsEmpty || receipt.Sha256 == MessageHash.Of(row.Message),
            $"message {message.Number} has a receipt with another hash than the row at {receipt.Position}");
    }

    /// <summary>A reader took it for written.</summary>
    public void Follow(JournalRow row)
    {
        followed.Add(row);
        Require(IsWritten(row), $"a reader saw {row.PersistenceId} at {row.Position} before it was committed");
    }

    public void Fail(string finding) => Require(isSo: false, finding);

    /// <summary>At the end, when nothing is under way any more.</summary>
    public void Conclude(BookSeal seal)
    {
        var numbers = store.Rows.ToDictionary(row => row.Position, row => NumberOf(row, seal));
        // An act on a window that was a violation is asked again when it is said again.
        var repeatable = store.Rows.Where(row => row.Manifest.StartsWith("window.violated", StringComparison.Ordinal))
            .Select(row => row.Position).ToHashSet();
        foreach (var (number, given) in receipts)
        {
            foreach (var receipt in given.Where(receipt => numbers.GetValueOrDefault(receipt.Position, -1) != number))
            {
                Lost++;
                Findings.Add($"lost: message {number} is not at {receipt.Position}, where its receipt says it is");
            }
        }

        foreach (var twice in numbers
            .Where(pair => pair.Value >= 0 && !repeatable.Contains(pair.Key))
            .GroupBy(pair => pair.Value, pair => pair.Key)
            .Where(places => places.Count() > 1))
        {
            Doubled++;
            Findings.Add(
                $"doubled: message {twice.Key} is at {string.Join(" and ", twice)} of "
                + store.Find(twice.First())!.PersistenceId);
        }

        foreach (var row in followed)
        {
            Require(IsWritten(row), $"a reader saw what is not at {row.Position} in the end");
        }

        foreach (var stream in store.Rows.GroupBy(row => row.PersistenceId))
        {
            Judge([.. stream], numbers, seal);
        }
    }

    private void Judge(JournalRow[] rows, Dictionary<long, int> numbers, BookSeal seal)
    {
        var history = CallHistory.Empty;
        for (var index = 0; index < rows.Length; index++)
        {
            var row = rows[index];
            Require(row.Sequence == index + 1, $"{row.PersistenceId} has {row.Sequence} at its place {index + 1}");
            Require(seal.Proof.Proves(row), $"the row at {row.Position} proves nothing");
            if (!row.PersistenceId.StartsWith("call|", StringComparison.Ordinal))
            {
                continue;
            }

            history = CallEvolution.Evolve(history, EventReader.ReadCall(row));
            var isWhole = index + 1 == rows.Length || numbers[rows[index + 1].Position] >= 0;
            var first = index;
            while (first > 0 && numbers[rows[first].Position] < 0)
            {
                first--;
            }

            // What was decided with a message is in the journal with it, so its receipt names the state after all.
            if (isWhole && receipts.TryGetValue(numbers[rows[first].Position], out var given))
            {
                foreach (var receipt in given.Where(one => one.Status != ReceiptStatus.Duplicate))
                {
                    Require(
                        receipt.State == Words.Of(history.Standing.State),
                        $"the receipt for {row.Position} says {receipt.State}, the journal {history.Standing.State}");
                }
            }
        }
    }

    /// <returns>-1 for a row that carries no message of a host.</returns>
    private int NumberOf(JournalRow row, BookSeal seal)
    {
        var stream = new StreamKey(row.PersistenceId);
        if (!seal.Payloads.TryGet(stream, out var key))
        {
            Fail($"{row.PersistenceId} is written without a key");
            return -1;
        }

        var member = EventNames.PayloadMember(row.Manifest);
        var message = Payload.Open(row, member, key, out _);
        var view = EventView.Read(message);
        var field = member == EventField.Record.Name ? EventField.Record
            : member == EventField.Body.Name ? EventField.Body : EventField.Detail;
        var content = Encoding.UTF8.GetString(message.AsSpan(view.PlaceOf(field)));
        return numberByContent.GetValueOrDefault($"{row.PersistenceId} {content}", -1);
    }

    private bool IsWritten(JournalRow row) =>
        store.Find(row.Position) is { } written && written.Message.AsSpan().SequenceEqual(row.Message);

    private void Require(bool isSo, string finding)
    {
        if (!isSo)
        {
            Wrong++;
            Findings.Add($"wrong: {finding}");
        }
    }
}
