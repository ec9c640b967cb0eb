using System.Text;

namespace Audit.Lifecycle.Tests.Support;

/// <summary>Makes messages of one call, a few seconds apart, all received an hour later.</summary>
internal static class Say
{
    public static readonly RecordHasher Hasher = new(new byte[RecordHasher.KeyLength]);

    private static readonly DateTimeOffset Start = new(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);

    public static Timestamp At(double seconds) => Timestamp.From(Start.AddSeconds(seconds));

    public static Fingerprint Print(string text) => Hasher.OfBytes(Encoding.UTF8.GetBytes(text));

    public static CallMessage Of(MessageKind kind, double at = 0, bool success = true)
    {
        var facts = new RecordFacts
        {
            ToolCallId = "call-1",
            Kind = kind,
            Success = success && HasResult(kind),
            ToolName = "shell",
            Provider = "anthropic",
            Turn = 1,
            RecordedAt = At(at),
            Input = Print("input"),
            Result = HasResult(kind) ? Print(success ? "result" : "failure") : default,
            Question = kind == MessageKind.RequiresConfirmation ? Print("question") : default,
        };
        return CallMessage.Of(facts, new Delivery { ReceivedAt = At(3600), Token = "ci-7", Dedup = default, TaskId = "t-1" });
    }

    public static CallMessage Requested(double at = 0) => Of(MessageKind.Requested, at);

    public static CallMessage RequiresConfirmation(double at = 0) => Of(MessageKind.RequiresConfirmation, at);

    public static CallMessage Approved(double at = 0) => Of(MessageKind.Approved, at);

    public static CallMessage Started(double at = 0) => Of(MessageKind.Started, at);

    public static CallMessage Blocked(double at = 0) => Of(MessageKind.Blocked, at);

    public static CallMessage Cached(double at = 0) => Of(MessageKind.Cached, at);

    public static CallMessage Replayed(double at = 0) => Of(MessageKind.Replayed, at);

    public static CallMessage Invalidated(double at = 0) => Of(MessageKind.Invalidated, at);

    public static CallMessage Cancelled(double at = 0) => Of(MessageKind.Cancelled, at);

    public static CallMessage Completed(double at = 0) => Of(MessageKind.Completed, at);

    public static CallMessage Failed(double at = 0) => Of(MessageKind.Completed, at, success: false);

    public static CallMessage PersistenceFailed(double at = 0) => Of(MessageKind.PersistenceFailed, at);

    /// <summary>Gives a message the hash of what its record says, where a test has not given it one.</summary>
    public static CallMessage Sealed(CallMessage message) => message.Dedup.IsEmpty
        ? message with
        {
            Dedup = Print(string.Join(
                '|', message.Kind, message.Success, message.RecordedAt, message.Turn, message.ToolName, message.Provider,
                message.NeedsConfirmation, message.Input, message.Result)),
        }
        : message;

    private static bool HasResult(MessageKind kind) =>
        kind is MessageKind.Cached or MessageKind.Replayed or MessageKind.Completed or MessageKind.PersistenceFailed;
}
