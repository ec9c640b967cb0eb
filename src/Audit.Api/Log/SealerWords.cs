namespace Audit.Api.Log;

/// <summary>The sealer's states as the API names them.</summary>
internal static class SealerWords
{
    public static string Of(SealerState state) => state switch
    {
        SealerState.Stopped => "stopped",
        SealerState.Starting => "starting",
        SealerState.Sealing => "sealing",
        SealerState.Standby => "standby",
        SealerState.NoKey => "no_key",
        SealerState.Waiting => "waiting",
        SealerState.Halted => "halted",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };
}
