namespace Audit.Projections.Feeding;

/// <summary>What a node does about the read models.</summary>
public enum ProjectionState : byte
{
    Starting,

    /// <summary>It feeds them.</summary>
    Projecting,

    /// <summary>Another node feeds them; this one takes over when that one dies.</summary>
    Following,

    /// <summary>An event cannot be read, or the journal went back: a person has to look.</summary>
    Halted,

    /// <summary>The journal or the read models cannot be reached; it is tried again.</summary>
    Away,
}
