namespace Audit.Projections.Models;

/// <summary>Whether the order of arrival is the order of the history, which is when a call can be followed message by message.</summary>
public enum CallOrder : byte
{
    /// <summary>Nothing has been judged yet.</summary>
    Unjudged,

    /// <summary>In order, and the host numbers every message.</summary>
    Numbered,

    /// <summary>In order, by times.</summary>
    Timed,

    /// <summary>The history is another order than that of arrival: the stream is judged anew with each message.</summary>
    Scattered,
}
