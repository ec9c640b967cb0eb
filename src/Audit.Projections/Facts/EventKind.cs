namespace Audit.Projections.Facts;

/// <summary>What an event means to the read models.</summary>
internal enum EventKind : byte
{
    /// <summary>Nothing but that time went on: an act of the node itself, or a row that another program wrote.</summary>
    Passed,

    /// <summary>A message of a host, legal or not.</summary>
    Told,

    Rejudged,

    Flooded,

    Noted,

    Window,
}
