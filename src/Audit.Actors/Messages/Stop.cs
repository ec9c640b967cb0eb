namespace Audit.Actors.Messages;

/// <summary>
/// Asks an actor to end once its work is done. The system's own PoisonPill would overtake what the actor still has to answer.
/// </summary>
public sealed class Stop
{
    public static readonly Stop Instance = new();

    private Stop()
    {
    }
}
