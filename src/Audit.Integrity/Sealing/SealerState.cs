namespace Audit.Integrity.Sealing;

/// <summary>What a node's sealer is at.</summary>
public enum SealerState
{
    /// <summary>Not started, or ended.</summary>
    Stopped,

    /// <summary>Looking at what was sealed before.</summary>
    Starting,

    /// <summary>This node seals.</summary>
    Sealing,

    /// <summary>Another node seals; this one is ready to take over.</summary>
    Standby,

    /// <summary>This node does not have the log's key and never seals.</summary>
    NoKey,

    /// <summary>The store or the disk did not answer; it is tried again.</summary>
    Waiting,

    /// <summary>The log is signed no more until an operator starts a new one.</summary>
    Halted,
}
