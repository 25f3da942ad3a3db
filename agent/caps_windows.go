package agent

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/config"
	"muster/agent/gather/self"
)

// uncounted is room beyond the limit of memory: a job counts what is committed,
// of which programs and stacks are a part that never lies in memory at once.
const uncounted = 64 << 20

// rateControl is JOBOBJECT_CPU_RATE_CONTROL_INFORMATION (winnt.h): the rate is
// in hundredths of a percent of all processors.
type rateControl struct{ flags, rate uint32 }

const (
	rateEnable  = 0x1 // JOB_OBJECT_CPU_RATE_CONTROL_ENABLE
	rateHardCap = 0x4 // JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP
)

// bind puts this process and all that it is going to start into a job object
// that holds them to the limits. The job ends with this process, and what is in
// it ends with the job: no reader outlives an agent that was killed. Whoever
// works at the machine comes first.
func bind(l config.Limits) (caps, error) {
	debug.SetMemoryLimit(half(l) * 3 / 4)
	_ = windows.SetPriorityClass(windows.CurrentProcess(), windows.BELOW_NORMAL_PRIORITY_CLASS) // which children inherit
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return caps{}, fmt.Errorf("make a job object: %w", err)
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_JOB_MEMORY
	info.JobMemoryLimit = uintptr(l.Memory) + uncounted
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		windows.CloseHandle(job)
		return caps{}, fmt.Errorf("limits of a job object: %w", err)
	}
	// A machine that parts its processors among users has no rates of jobs; the
	// agent then rests of itself, as it does anyway.
	rate := rateControl{rateEnable | rateHardCap, uint32(max(1, l.CPU*100/runtime.NumCPU()))}
	_, rateErr := windows.SetInformationJobObject(job, windows.JobObjectCpuRateControlInformation, uintptr(unsafe.Pointer(&rate)), uint32(unsafe.Sizeof(rate)))
	if err := windows.AssignProcessToJobObject(job, windows.CurrentProcess()); err != nil {
		windows.CloseHandle(job)
		return caps{}, fmt.Errorf("enter a job object: %w", err)
	}
	// The handle stays open as long as the process is there.
	c := caps{memory: int64(info.JobMemoryLimit), by: "job"}
	if rateErr == nil {
		c.cpu = l.CPU
	}
	return c, nil
}

// spent is the processor time of this process; that of its children is bounded
// by the job.
func spent() time.Duration {
	c, err := self.Measure()
	if err != nil {
		return 0
	}
	return time.Duration(c.CPUSeconds * float64(time.Second))
}

// overtime is how long after its time a reader ends itself that nobody has ended.
const overtime = 5 * time.Second

// confine bounds this process, which reads a section, by its own care; the
// agent's job binds it besides.
func confine(b Bounds) error {
	if b.Memory > 0 {
		debug.SetMemoryLimit(b.Memory)
	}
	if b.Within > 0 {
		time.AfterFunc(b.Within+overtime, func() { os.Exit(1) })
	}
	return nil
}
