using Audit.Pages.Shared;

namespace Audit.Pages.Sessions;

public sealed record SessionView(SessionModel Session, Waterfall Chart, IReadOnlyList<CallModel> Calls, string? Next)
{
    /// <summary>The position as of which the session is shown; null for now.</summary>
    public long? At { get; init; }

    /// <summary>The counts are of now although a position was asked for: folding all of it would take too long.</summary>
    public bool CountsAreOfNow { get; init; }

    /// <summary>The last position that tells of the session today.</summary>
    public required long LastPosition { get; init; }

    /// <summary>Where the messages of the calls on this page lie.</summary>
    public IReadOnlyList<long> Steps { get; init; } = [];

    public Timestamp? From { get; init; }

    public Timestamp? Until { get; init; }

    public long Shown => At ?? LastPosition;

    public long? StepBefore => Steps.Where(step => step < Shown).Select(step => (long?)step).LastOrDefault() ?? (Shown > Session.Id ? Shown - 1 : null);

    public long? StepAfter => Steps.Where(step => step > Shown).Select(step => (long?)step).FirstOrDefault() ?? (Shown < LastPosition ? Shown + 1 : null);
}
