namespace Audit.Projections.Stores;

/// <summary>The rows as they are to be after some events, and the offset that they bring with them.</summary>
/// <param name="events">How many events it is made of, about.</param>
internal sealed class ReadBatch(ReadOffset from, ReadOffset to, int events)
{
    /// <summary>The offset that the store must have: else somebody else wrote, or the store is another one.</summary>
    public ReadOffset From { get; } = from;

    public ReadOffset To { get; } = to;

    public Dictionary<long, SessionModel> Sessions { get; } = [];

    public Dictionary<long, CallModel> Calls { get; } = new(events);

    public Dictionary<(long Call, long Sequence), TransitionModel> Transitions { get; } = new(events);

    public Dictionary<long, TaskModel> Tasks { get; } = [];

    public Dictionary<long, WindowModel> Windows { get; } = [];

    public Dictionary<long, ViolationModel> Violations { get; } = [];

    public Dictionary<long, HourModel> Hours { get; } = [];

    /// <summary>
    /// Calls moved out of an hour and left it empty: such a row is to be there no more than if it had never been.
    /// </summary>
    public bool EmptiesHours => Hours.Values.Any(hour => hour.IsEmpty);

    /// <summary>Calls whose messages name more than one task, under each of them.</summary>
    public HashSet<(string Task, long Call)> Named { get; } = [];

    public List<Moment> Moments { get; } = [];

    public List<CopyModel> Copies { get; } = [];

    public Dictionary<long, PauseModel> Pauses { get; } = [];
}
