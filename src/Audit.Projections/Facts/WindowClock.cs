using Audit.Projections.Models;

namespace Audit.Projections.Facts;

/// <summary>Clamps the times of an event of a window to what a read store can hold.</summary>
internal static class WindowClock
{
    public static WindowEvent Clamp(WindowEvent happened) => happened with
    {
        OpensAt = Clamp(happened.OpensAt),
        ClosesAt = Clamp(happened.ClosesAt),
        Message = happened.Message with
        {
            ReceivedAt = Instants.Clamp(happened.Message.ReceivedAt),
            ClosesAt = Clamp(happened.Message.ClosesAt),
        },
    };

    private static Timestamp? Clamp(Timestamp? time) => time is { } known ? Instants.Clamp(known) : null;
}
